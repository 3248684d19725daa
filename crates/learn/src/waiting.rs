//! Waiting: whether a run waits more than it computes, and what to do about it.

use std::time::Duration;

use crate::Step;

/// Steps that are looked at together.
const STEPS: u64 = 20;

/// Notes where the time of steps goes; says once what to do where most of it is lost.
#[derive(Debug)]
pub struct Waiting {
    threads: usize,
    steps: u64,
    waited: Duration,
    took: Duration,
    before: Option<Cores>,
    told: [bool; 2],
}

/// What the threads of this process did, in all.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cores {
    /// On a core.
    running: Duration,
    /// Ready to run, while other work had the cores.
    queued: Duration,
}

impl Waiting {
    /// For a run on so many threads.
    pub fn new(threads: usize) -> Waiting {
        let (waited, took) = (Duration::ZERO, Duration::ZERO);
        Waiting { threads, steps: 0, waited, took, before: Cores::now(), told: [false; 2] }
    }

    /// Takes note of a step; what to do, where it is time to say so.
    pub fn note(&mut self, step: &Step) -> Vec<String> {
        self.steps += 1;
        self.waited += step.waited;
        self.took += step.took;
        if self.steps < STEPS {
            return Vec::new();
        }
        let now = Cores::now();
        let spent = self.before.zip(now).map(|(before, now)| Cores {
            running: now.running.saturating_sub(before.running),
            queued: now.queued.saturating_sub(before.queued),
        });
        let found = advice(self.threads, self.waited, self.took, spent);
        (self.steps, self.waited, self.took, self.before) = (0, Duration::ZERO, Duration::ZERO, now);
        let new = found.into_iter().zip(&mut self.told).filter(|(_, told)| !**told);
        let new = new.filter_map(|(advice, told)| {
            *told = advice.is_some();
            advice
        });
        new.collect()
    }
}

/// What to do about waiting for data, and about waiting for cores.
fn advice(threads: usize, waited: Duration, took: Duration, spent: Option<Cores>) -> [Option<String>; 2] {
    let share = |part: Duration, all: Duration| 100.0 * part.as_secs_f64() / all.as_secs_f64().max(1e-9);
    let data = (waited > took).then(|| {
        format!(
            "steps wait for data {:.0} % of the time: a larger --cache-mb keeps samples in memory, `decode --size` makes \
             them small beforehand",
            share(waited, waited + took)
        )
    });
    let cores = spent.filter(|spent| threads > 1 && spent.queued > spent.running).map(|spent| {
        format!(
            "{threads} threads wait for a core {:.0} % of the time, for other work is on this machine, and each step waits \
             for the last of them: --threads {} may be faster",
            share(spent.queued, spent.queued + spent.running),
            threads / 2
        )
    });
    [data, cores]
}

impl Cores {
    /// As Linux counts it; nothing elsewhere.
    fn now() -> Option<Cores> {
        let mut sum = Cores { running: Duration::ZERO, queued: Duration::ZERO };
        for thread in std::fs::read_dir("/proc/self/task").ok()? {
            // A thread that has ended meanwhile has no file any more.
            let Ok(text) = std::fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
            let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<u64>().ok());
            sum.running += Duration::from_nanos(numbers.next()??);
            sum.queued += Duration::from_nanos(numbers.next()??);
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_most_is_told_with_a_remedy() {
        let [short, long] = [1, 3].map(Duration::from_secs);
        let cores = |running, queued| Some(Cores { running, queued });
        assert_eq!(advice(2, short, long, cores(long, short)), [None, None]);
        assert_eq!(advice(2, short, long, None), [None, None]);
        let [data, none] = advice(2, long, short, cores(long, short));
        assert!(
            data.is_some_and(|data| data.contains("75 %") && data.contains("--cache-mb")) && none.is_none()
        );
        let [none, cores_] = advice(4, short, long, cores(short, long));
        assert!(cores_.is_some_and(|cores| cores.contains("--threads 2")) && none.is_none());
        assert_eq!(advice(1, short, long, cores(short, long)), [None, None]);
    }

    #[test]
    fn each_is_told_once() {
        let step = Step { waited: Duration::from_secs(2), took: Duration::from_secs(1), ..Step::default() };
        let mut waiting = Waiting::new(1);
        let told: Vec<String> = (0..4 * STEPS).flat_map(|_| waiting.note(&step)).collect();
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
