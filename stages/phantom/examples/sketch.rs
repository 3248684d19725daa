use std::io::Write;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (seed, n, left, size): (u64, u64, bool, usize) = (a[1].parse().unwrap(), a[2].parse().unwrap(), &a[3]=="L", a[4].parse().unwrap());
    let bent: f64 = a[5].parse().unwrap();
    let diff: f64 = a[6].parse().unwrap();
    let t = std::time::Instant::now();
    let (p, o) = phantom::sketch(seed, n, left, size, bent, diff);
    eprintln!("{:?}", t.elapsed());
    let f = std::fs::File::create(&a[7]).unwrap();
    let mut e = png::Encoder::new(f, size as u32, size as u32);
    e.set_color(png::ColorType::Grayscale);
    e.set_compression(png::Compression::Fast);
    e.write_header().unwrap().write_image_data(&p).unwrap();
    let mut j = std::fs::File::create(format!("{}.json", a[7])).unwrap();
    writeln!(j, "{}", serde_json::to_string(&o).unwrap()).unwrap();
}
