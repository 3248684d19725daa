//! Patients: what their records say, and how it shows in their hands.

use crate::anatomy::Constitution;
use crate::maths;
use crate::random::Random;

/// A patient's record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient {
    /// 1 and up; `ID007` is number 7.
    pub(crate) number: u64,
    /// In years.
    pub(crate) age: u32,
    pub(crate) female: bool,
    /// In kilograms.
    pub(crate) weight: f64,
    /// In centimetres.
    pub(crate) height: f64,
    /// Wears nail polish.
    pub(crate) polish: bool,
    /// Length of the third metacarpal in millimetres: goes with height, r about 0.7.
    metacarpal: f64,
}

impl Patient {
    /// The patient of that number in the data set of `seed`.
    pub(crate) fn draw(seed: u64, number: u64) -> Patient {
        let mut random = Random::keyed(seed, &[number, 0]);
        let female = random.chance(0.5);
        // Adults, most of them young.
        let age = 19.0 + 46.0 * maths::pow(random.unit(), 1.7);
        let tall = random.normal();
        let height = if female { 161.5 + 5.6 * tall } else { 174.0 + 6.2 * tall };
        let mass = if female { 21.9 } else { 24.2 } + 0.05 * (age - 30.0) + 2.7 * random.normal();
        // Regression of the metacarpal on height, with enough scatter to leave r near 0.7.
        let metacarpal = 63.6 + 0.265 * (height - 168.0) + 2.3 * random.normal();
        Patient {
            number,
            age: age as u32,
            female,
            weight: (mass.max(17.0) * height * height / 10_000.0 + 0.5).floor(),
            height: (height * 2.0 + 0.5).floor() / 2.0,
            polish: random.chance(if female { 0.12 } else { 0.01 }),
            metacarpal,
        }
    }

    /// The name of the patient's folders.
    pub(crate) fn id(&self) -> String {
        format!("ID{:03}", self.number)
    }

    /// What shows in the hand.
    pub(crate) fn constitution(&self) -> Constitution {
        Constitution {
            metacarpal: self.metacarpal,
            female: self.female,
            age: f64::from(self.age),
            body_mass: self.weight / (self.height * self.height / 10_000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hands_go_with_height() {
        let patients: Vec<Patient> = (1..=600).map(|number| Patient::draw(5, number)).collect();
        let n = patients.len() as f64;
        let mean = |f: fn(&Patient) -> f64| patients.iter().map(f).sum::<f64>() / n;
        let (h, m) = (mean(|p| p.height), mean(|p| p.metacarpal));
        let (mut hm, mut hh, mut mm) = (0.0, 0.0, 0.0);
        for p in &patients {
            hm += (p.height - h) * (p.metacarpal - m);
            hh += (p.height - h) * (p.height - h);
            mm += (p.metacarpal - m) * (p.metacarpal - m);
        }
        let r = hm / (hh * mm).sqrt();
        assert!((0.62..0.82).contains(&r), "r = {r}");
    }
}
