//! A table whose columns the person has named, moved.

use coughscope::audio::wav::encode_pcm16;
use coughscope::data::sources::mapped::Mapping;
use coughscope::units::SampleRate;

use super::*;

/// A folder with a table of its own and a few sounds.
fn make(folder: &Path) -> Mapping {
    let rate = SampleRate::new(16_000).unwrap();
    std::fs::create_dir_all(folder.join("sounds")).unwrap();
    let mut table = String::from("file,verdict\n");
    for number in 0..4 {
        let samples: Vec<f32> = (0..8_000).map(|i| (i as f32 * (0.1 + 0.01 * number as f32)).sin() * 0.5).collect();
        std::fs::write(folder.join(format!("sounds/{number}.wav")), encode_pcm16(&samples, rate).unwrap()).unwrap();
        table += &format!("sounds/{number}.wav,{}\n", if number % 2 == 0 { "sick" } else { "healthy" });
    }
    std::fs::write(folder.join("list.csv"), table).unwrap();
    Mapping { table: "list.csv".into(), file: "file".into(), label: "verdict".into(), ..Mapping::default() }
}

#[test]
fn it_is_found_again_where_it_is_opened() {
    let place = Place::new(40);
    let mapping = make(&place.path("own"));
    let mut desk = place.study("mine");
    desk.does(Command::OpenMapped { root: place.path("own"), mapping });
    let path = desk.view().clips[0].path.clone();
    desk.does(Command::Edit(Edit::Decisions(vec![(path, Some(Decision::Exclude))])));
    let verdicts = desk.verdicts();
    drop(desk);
    std::fs::create_dir(place.path("drive")).unwrap();
    std::fs::rename(place.path("own"), place.path("drive/own")).unwrap();

    let mut desk = place.study("mine");
    let missing = |desk: &Desk| desk.said(Severity::Info).iter().any(|text| text.contains("not at its place"));
    assert!(!desk.view().sources[0].present && missing(&desk));
    // Another folder with such a table is another table.
    make(&place.path("other"));
    std::fs::rename(place.path("other/sounds"), place.path("other/coughs")).unwrap();
    desk.does(Command::Open(vec![place.path("other")]));
    assert!(!desk.view().sources[0].present);
    assert_eq!(desk.0.state().unmapped.len(), 1, "the window asks for its columns");

    desk.does(Command::Open(vec![place.path("drive/own")]));
    assert!(desk.view().sources[0].present && desk.view().sources.len() == 1, "{:?}", desk.view().sources);
    assert_eq!(desk.verdicts(), verdicts);
    assert_eq!(desk.0.state().unmapped.len(), 1, "it asks for no columns that are known");
    assert!(!missing(&desk), "what was said of it is taken back");
}
