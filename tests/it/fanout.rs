//! Many targets at once: the width, the order to stop, and a panic that ends only one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lustrum::stages::fanout::{Ended, fanout};
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn never_wider_than_allowed_and_all_come_back() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut done = Vec::new();
    let work = |item: u64| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(item % 7)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            item * 2
        }
    };
    fanout(0..100, 9, &CancellationToken::new(), work, async |ended| {
        let Ended::Done(item, twice) = ended else { panic!("all end well") };
        assert_eq!(twice, item * 2);
        done.push(item);
    })
    .await;
    done.sort_unstable();
    assert_eq!(done, (0..100).collect::<Vec<_>>());
    assert_eq!(most.load(Ordering::SeqCst), 9);
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_own_item_only() {
    let mut panics = Vec::new();
    let work = |item: u32| async move { assert_ne!(item, 3, "three is broken") };
    fanout(0..10, 4, &CancellationToken::new(), work, async |ended| {
        if let Ended::Panicked(item, text) = ended {
            panics.push((item, text));
        }
    })
    .await;
    assert_eq!(panics.len(), 1);
    assert_eq!(panics[0].0, 3);
    assert!(panics[0].1.contains("three is broken"));
}

#[tokio::test(start_paused = true)]
async fn after_the_order_to_stop_nothing_is_begun_and_nothing_is_forgotten() {
    let stop = CancellationToken::new();
    let begun = Arc::new(AtomicUsize::new(0));
    let (mut done, mut left) = (0, 0);
    let work = |item: u32| {
        let (stop, begun) = (stop.clone(), begun.clone());
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            if item == 5 {
                stop.cancel();
            }
        }
    };
    fanout(0..100, 2, &stop, work, async |ended| match ended {
        Ended::Done(..) => done += 1,
        Ended::NotBegun(_) => left += 1,
        Ended::Panicked(..) => panic!("nothing panics"),
    })
    .await;
    assert_eq!(done + left, 100);
    assert_eq!(done, begun.load(Ordering::SeqCst));
    assert!(done < 10);
}
