//! wip
#![allow(dead_code, missing_docs, unreachable_pub)]
mod anatomy; mod carpal; mod detector; mod figures; mod flesh; mod forms; mod frame; mod hand; mod maths; mod patient;
mod pose; mod project; mod radiograph; mod random; mod scene; mod shaft; mod shell; mod silhouette; mod texture;

pub fn sketch(seed: u64, number: u64, left: bool, size: usize, bent: f64, difficulty: f64) -> (Vec<u8>, Vec<Vec<(i32,i32)>>) {
    let p = patient::Patient::draw(seed, number);
    let r = scene::Radiograph::draw(&p, if left {scene::Side::Left} else {scene::Side::Right}, &scene::Setting{seed, size, difficulty, bent});
    (r.pixels, r.outlines.into_iter().map(|o| o.1).collect())
}
