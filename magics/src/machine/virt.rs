//! Whether this is a virtual machine or a container, as far as it can be told without privileges.

use std::fs;
use std::path::Path;

use super::card::line;

/// Layers between the program and the hardware, outermost first; empty on bare metal.
pub fn layers() -> Vec<String> {
    let mut layers = Vec::new();
    layers.extend(hypervisor());
    layers.extend(container());
    layers
}

fn hypervisor() -> Option<String> {
    let vendor = line("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    let product = line("/sys/class/dmi/id/product_name").unwrap_or_default();
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flagged = flags.lines().any(|l| l.starts_with("flags") && l.split_whitespace().any(|f| f == "hypervisor"));
    named(&vendor, &product).map(str::to_owned).or_else(|| flagged.then(|| "virtual machine".to_owned()))
}

/// The hypervisor behind these firmware names.
fn named(vendor: &str, product: &str) -> Option<&'static str> {
    let names = [
        ("Google", "Google Cloud VM"),
        ("Amazon EC2", "Amazon EC2"),
        ("QEMU", "QEMU/KVM"),
        ("KVM", "KVM"),
        ("VMware", "VMware"),
        ("VirtualBox", "VirtualBox"),
        ("innotek", "VirtualBox"),
        ("Xen", "Xen"),
        ("OpenStack", "OpenStack"),
        ("DigitalOcean", "DigitalOcean VM"),
    ];
    let known = names.into_iter().find(|(part, _)| vendor.contains(part) || product.contains(part));
    // Microsoft makes hardware as well, so its product name must say so.
    let hyper_v = (vendor.contains("Microsoft") && product.contains("Virtual")).then_some("Hyper-V");
    known.map(|(_, name)| name).or(hyper_v)
}

fn container() -> Option<String> {
    if Path::new("/.dockerenv").exists() {
        return Some("Docker container".into());
    }
    if Path::new("/run/.containerenv").exists() {
        return Some("Podman container".into());
    }
    let release = line("/proc/sys/kernel/osrelease").unwrap_or_default().to_lowercase();
    if release.contains("microsoft") {
        return Some("WSL".into());
    }
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        return Some("Kubernetes pod".into());
    }
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    ["docker", "kubepods", "lxc", "containerd"].iter().any(|n| groups.contains(n)).then(|| "container".into())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn firmware_names() {
        assert_eq!(named("QEMU", "Standard PC"), Some("QEMU/KVM"));
        assert_eq!(named("Microsoft Corporation", "Virtual Machine"), Some("Hyper-V"));
        assert_eq!(named("Microsoft Corporation", "Surface Laptop"), None);
        assert_eq!(named("LENOVO", "20XW"), None);
    }
}
