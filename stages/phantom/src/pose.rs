//! How a hand lies on the cassette: the angles of its joints.

use crate::frame::Turn;
use crate::random::Random;

/// A finger's angles in degrees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finger {
    /// Of the metacarpal.
    pub(crate) metacarpal: Turn,
    /// Of the three phalanges against the bone before (the thumb uses the first two).
    pub(crate) joints: [Turn; 3],
}

/// A whole hand's angles in degrees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pose {
    /// Wrist: hand against forearm, towards the little finger.
    pub(crate) deviation: f64,
    /// The whole picture, clockwise for a hand whose thumb is on the right.
    pub(crate) tilt: f64,
    /// The whole hand about the forearm's axis.
    pub(crate) roll: f64,
    /// Thumb to little finger.
    pub(crate) fingers: [Finger; 5],
}

/// Metacarpal directions in a flat hand, index to little finger.
const FAN: [f64; 4] = [5.0, 0.0, -6.5, -14.0];

impl Pose {
    /// Draws a pose. `difficulty` (0 … 1) widens every range; `bent` draws a wrist that is bent far.
    pub(crate) fn draw(random: &mut Random, difficulty: f64, bent: bool) -> Pose {
        let loose = 0.45 + 1.1 * difficulty;
        let spread = random.range(-0.15, 1.0) * (0.6 + 0.8 * difficulty);
        let curl = random.unit() * random.unit() * loose;
        let (deviation, tilt) = if bent {
            let deviation = random.range(33.0, 43.0);
            (deviation, -deviation * random.range(0.9, 1.15))
        } else {
            (2.0 + 4.0 * loose * random.normal(), 2.4 * loose * random.normal())
        };
        let roll = 7.5 * loose * random.normal();
        let mut fingers = [Finger { metacarpal: Turn::default(), joints: [Turn::default(); 3] }; 5];
        for (index, fan) in FAN.into_iter().enumerate() {
            let outwards = [1.0, 0.05, -0.8, -1.9][index];
            let ulnar = index as f64 / 3.0;
            fingers[index + 1] = Finger {
                metacarpal: Turn {
                    abduction: fan + 0.8 * random.normal(),
                    twist: [8.0, 0.0, -6.0, -14.0][index] + 3.0 * loose * random.normal(),
                    flexion: 1.0 + 3.0 * ulnar,
                },
                joints: [
                    Turn {
                        abduction: -0.45 * fan + outwards * spread * 7.0 + 1.6 * loose * random.normal(),
                        twist: [-6.0, 0.0, 4.0, 10.0][index] + 4.0 * loose * random.normal(),
                        flexion: -2.0 + 16.0 * curl + 3.0 * loose * random.normal(),
                    },
                    Turn {
                        abduction: 1.2 * random.normal() - 1.0 + [-0.5, 0.0, 1.0, 2.5][index],
                        twist: 2.0 * random.normal(),
                        flexion: 4.0 + 26.0 * curl + 4.0 * loose * random.normal().abs(),
                    },
                    Turn {
                        abduction: 1.4 * random.normal() + [-1.5, 0.0, 1.0, 3.0][index],
                        twist: 2.0 * random.normal(),
                        flexion: 2.0 + 12.0 * curl + 4.0 * loose * random.normal(),
                    },
                ],
            };
        }
        let close = random.range(0.0, 1.0);
        fingers[0] = Finger {
            metacarpal: Turn {
                abduction: 42.0 - 14.0 * close + 4.0 * loose * random.normal(),
                twist: 42.0 + 9.0 * loose * random.normal(),
                flexion: 8.0 + 4.0 * random.normal(),
            },
            joints: [
                Turn {
                    abduction: -5.0 - 8.0 * close + 3.0 * random.normal(),
                    twist: 6.0 * random.normal(),
                    flexion: 5.0 + 10.0 * random.unit() * loose,
                },
                Turn {
                    abduction: -1.0 + 3.0 * random.normal(),
                    twist: 4.0 * random.normal(),
                    flexion: -8.0 + 14.0 * loose * random.unit(),
                },
                Turn::default(),
            ],
        };
        Pose { deviation, tilt, roll, fingers }
    }
}
