//! Reading and comparing end when they are told to, and go on where they stopped.

use coughscope::data::fingerprint::Fingerprint;
use coughscope::data::scan::Measured;
use coughscope::data::study::index::Index;

use super::*;

#[test]
fn reading_can_be_stopped_and_goes_on() {
    let place = Place::new(120);
    let mut desk = place.study("mine");
    desk.begins_to_read(&place.path("data"));
    desk.does(Command::StopReading);
    let left = desk.unread();
    assert!(left > 0, "it was stopped before the end");
    assert!(desk.0.state().loading.is_none());
    let path = desk.view().clips[0].path.clone();
    desk.does(Command::Edit(Edit::Decisions(vec![(path, Some(Decision::Exclude))])));
    desk.does(Command::Undo);
    assert_eq!(desk.unread(), left, "a decision is no wish to read on");
    desk.does(Command::ReadAgain);
    assert_eq!(desk.unread(), 0);
    assert!(desk.said(Severity::Error).is_empty());
}

/// A window that is closed waits for what is written, and for nothing else.
#[test]
fn a_comparison_does_not_hold_up_the_closing() {
    /// Recordings of one sound: each place of it is compared with many others.
    const COPIES: usize = 1_500;
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let sound = desk.view().used().next().unwrap().path.clone();
    drop(desk);
    let words = (0..400_u32).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes());
    let mut bytes = Measured::of(&sound).fingerprint.unwrap().to_bytes();
    bytes.truncate(1);
    let fingerprint = Fingerprint::from_bytes(&bytes.into_iter().chain(words).collect::<Vec<_>>()).unwrap();
    let measured = Measured { fingerprint: Some(fingerprint), ..Measured::of(&sound) };
    let index = Index::open(&place.path("mine/index.sqlite")).unwrap();
    let (key, _) = index.sources().unwrap().remove(0);
    (0..COPIES).for_each(|number| index.put_sound(&key, &format!("more/{number}.wav"), &measured).unwrap());
    index.set_compared(false).unwrap();
    drop(index);

    let mut desk = place.session();
    desk.0.send(Command::OpenStudy(place.path("mine")));
    let start = Instant::now();
    while desk.0.state().loading.as_ref().is_none_or(|loading| loading.task != "Comparing recordings") {
        desk.0.wait(Duration::from_millis(1));
        assert!(start.elapsed() < DEADLINE, "nothing is compared");
    }
    // Well into it.
    std::thread::sleep(Duration::from_millis(300));
    desk.0.poll();
    assert!(desk.0.busy(), "it takes far longer");
    drop(desk);
    let index = Index::open(&place.path("mine/index.sqlite")).unwrap();
    assert!(!index.is_compared().unwrap(), "it was not carried to its end; the next start compares them");
}
