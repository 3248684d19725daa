//! Work on many items at once, results in order, memory bounded.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Applies `work` to every item on rayon's threads and hands the results to `sink` in the items' order. At most
/// `in_flight` items are between `items` and `sink` at any time. Stops at the first error of either side, and at the
/// first panic of `work`, which goes on from here: what comes before that item is delivered, nothing of it or after it.
///
/// `items` and `sink` run on the calling thread, so they may hold a file each. That must not be one of
/// rayon's own threads, which would wait for work that waits for it.
pub fn map<T, U, E>(
    items: impl IntoIterator<Item = Result<T, E>>,
    in_flight: usize,
    work: impl Fn(T) -> Result<U, E> + Sync,
    mut sink: impl FnMut(U) -> Result<(), E>,
) -> Result<(), E>
where
    T: Send,
    U: Send,
    E: Send,
{
    let work = &work;
    rayon::in_place_scope(|scope| {
        let mut pending: VecDeque<Receiver<thread::Result<Result<U, E>>>> = VecDeque::new();
        let mut drain = |pending: &mut VecDeque<Receiver<thread::Result<Result<U, E>>>>, keep: usize| {
            while pending.len() > keep {
                let Some(next) = pending.pop_front() else { break };
                match next.recv().expect("a worker sends what it did, also where it panicked") {
                    Ok(done) => sink(done?)?,
                    Err(panic) => resume_unwind(panic),
                }
            }
            Ok(())
        };
        for item in items {
            let item = match item {
                Ok(item) => item,
                Err(error) => {
                    // What was read before the fault is still delivered, so that no good record is lost.
                    drain(&mut pending, 0)?;
                    return Err(error);
                }
            };
            let (send, receive) = sync_channel(1);
            scope.spawn(move |_| {
                // Nobody looks again at what a panic left half done: it ends this call.
                let done = catch_unwind(AssertUnwindSafe(|| work(item)));
                // Where an earlier item ended this call, nobody waits for this one.
                let _ = send.send(done);
            });
            pending.push_back(receive);
            drain(&mut pending, in_flight.max(1) - 1)?;
        }
        drain(&mut pending, 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_stops_at_the_first_error() {
        let mut seen = Vec::new();
        let result = map(
            (0..100).map(Ok),
            8,
            |n: u32| if n == 60 { Err(n) } else { Ok(n * 2) },
            |n| {
                seen.push(n);
                Ok(())
            },
        );
        assert_eq!(result, Err(60));
        assert_eq!(seen, (0..60).map(|n| n * 2).collect::<Vec<_>>());
    }

    #[test]
    fn delivers_what_came_before_a_bad_item() {
        let mut seen = Vec::new();
        let items = vec![Ok(1), Ok(2), Err("bad"), Ok(3)];
        let result = map(items, 8, Ok, |n| {
            seen.push(n);
            Ok(())
        });
        assert_eq!((result, seen), (Err("bad"), vec![1, 2]));
    }

    #[test]
    fn a_panic_ends_it_where_the_item_stood() {
        for in_flight in [1, 8, 1000] {
            let (mut seen, mut read) = (Vec::new(), 0);
            let items = (0..10_000).inspect(|_| read += 1).map(Ok::<u32, ()>);
            let work = |n: u32| if n == 3 { panic!("item {n}") } else { Ok(n) };
            let ended = catch_unwind(AssertUnwindSafe(|| {
                map(items, in_flight, work, |n| {
                    seen.push(n);
                    Ok(())
                })
            }));
            let payload = ended.expect_err("the panic goes on");
            assert_eq!(payload.downcast_ref::<String>().map(String::as_str), Some("item 3"));
            assert_eq!(seen, [0, 1, 2], "{in_flight} in flight");
            assert!(read <= 3 + in_flight, "{read} items were read with {in_flight} in flight");
        }
    }
}
