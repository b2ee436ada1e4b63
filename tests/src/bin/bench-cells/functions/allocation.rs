/// Builds and drops a tree of `size` boxed nodes.
#[inline(never)]
fn allocation(size: u64) -> u64 {
    struct Node {
        key: u64,
        left: Option<Box<Node>>,
        right: Option<Box<Node>>,
    }
    fn build(low: u64, high: u64) -> Option<Box<Node>> {
        if low >= high {
            return None;
        }
        let key = low + (high - low) / 2;
        Some(Box::new(Node { key, left: build(low, key), right: build(key + 1, high) }))
    }
    fn sum(node: &Option<Box<Node>>) -> u64 {
        node.as_ref().map_or(0, |node| node.key + sum(&node.left) + sum(&node.right))
    }
    let tree = build(0, size);
    let vectors: Vec<Vec<u8>> = (0..size).map(|n| vec![1; (n % 61) as usize]).collect();
    sum(&tree) + vectors.iter().map(|vector| vector.len() as u64).sum::<u64>()
}
