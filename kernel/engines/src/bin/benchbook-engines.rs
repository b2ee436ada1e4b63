//! The engine worker.

fn main() {
    engines::run(engines::engines::ENGINES);
}
