//! InceptionV3 on the processor, to be compared with other programs by `tests/fixtures/inception/compare.py`, which says
//! how it is called. Each line on standard input is one picture; a line of output follows when it is done.
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up should stop")]

use std::io::Write;
use std::path::PathBuf;

use coughscope::models::inception::fast::{Backbone, Settings};
use coughscope::models::inception::plan::{PICTURE_CHANNELS, Plan};
use coughscope::models::inception::weights::Weights;
use coughscope::models::inception::{AveragePool, Size};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [weights, height, width, threads, rule, features] = arguments.as_slice() else {
        println!(
            "backbone WEIGHTS HEIGHT WIDTH THREADS counts|skips FEATURES: see tests/fixtures/inception/compare.py"
        );
        return;
    };
    let number = |text: &String| text.parse::<usize>().expect("a whole number");
    let picture = Size { height: number(height), width: number(width) };
    let plan = Plan::new(1);
    let average_pool = if rule == "skips" { AveragePool::SkipsPadding } else { AveragePool::CountsPadding };
    let settings = Settings { picture, average_pool, threads: number(threads) };
    let read = Weights::read(&PathBuf::from(weights), &plan).expect("the weights");
    let backbone = Backbone::new(&plan, &read, settings).expect("a backbone");
    drop(read);
    let mut memory = backbone.workspace();
    let numbers: Vec<f32> = (0..picture.pixels())
        .flat_map(|pixel| {
            (0..PICTURE_CHANNELS).map(move |colour| (pixel / picture.width, pixel % picture.width, colour))
        })
        .map(|(y, x, c)| ((y * 7 + x * 13 + c * 29 + y * x + (y * x) / 31) % 256) as f32 / 255.0)
        .collect();
    let first = backbone.features(&numbers, &mut memory).expect("features");
    let bytes: Vec<u8> = first.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::write(features, bytes).expect("the features are written");
    println!("ready {}", std::process::id());
    for _ in std::io::stdin().lines() {
        backbone.features(&numbers, &mut memory).expect("features");
        println!("done");
        std::io::stdout().flush().expect("output");
    }
    eprintln!("{} bytes of weights, {} bytes between pictures", backbone.bytes(), memory.bytes());
}
