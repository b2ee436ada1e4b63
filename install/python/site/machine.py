"""The machine that a page's numbers were measured on, from what its outputs carry."""

from html import escape


def size(count):
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            return f"{count:.3g} {unit}"
        count /= 1024


def facts(machine, build, times):
    """Rows of the card, the most telling first."""
    rows = [
        ("Processor", f"{machine.get('cpu', 'unknown')}, {machine.get('mhz', 0) / 1000:.2f} GHz"),
        ("CPUs", f"{machine.get('available_cpus')} available of {machine.get('logical_cpus')} (cores: {machine.get('physical_cores')})"),
        ("Memory", size(machine.get("ram_bytes", 0))),
        ("System", machine.get("os", "unknown")),
    ]
    caches = [f"L{c['level']}{c['kind'][0].lower() if c['level'] == 1 else ''} {size(c['bytes'])}" for c in machine.get("caches", [])]
    if caches:
        rows.append(("Caches", ", ".join(caches)))
    if machine.get("virtual_layers"):
        rows.append(("Virtual", ", ".join(machine["virtual_layers"])))
    if build.get("rustc"):
        rows.append(("Compiler", f"rustc {build['rustc']}, opt-level {build.get('opt_level')}"))
    loads = [load for load in (machine.get("load_before"), machine.get("load_after")) if load is not None]
    if loads:
        rows.append(("Load", f"{loads[0]:.2f} when the first measurement began"))
    if times:
        rows.append(("Measured", min(times)[:10]))
    return rows


def machine_card(notebook):
    """HTML: one line that opens to the whole card; empty for a page without a measurement."""
    results = [output["metadata"].get("benchbook", {}) for cell in notebook["cells"] for output in cell.get("outputs", []) if "metadata" in output]
    results = [result for result in results if result.get("machine")]
    if not results:
        return ""
    machine, build = results[0]["machine"], results[0].get("build", {})
    times = [result["utc"] for result in results if isinstance(result.get("utc"), str)]
    rows = facts(machine, build, times)
    line = f"{machine.get('cpu', 'unknown')} · {machine.get('available_cpus')} CPUs · {size(machine.get('ram_bytes', 0))}"
    table = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    # One line without blank lines: Markdown ends a block of HTML at the first blank one.
    return f'<details class="machine"><summary>Measured on {escape(line)}</summary><table>{table}</table></details>\n'
