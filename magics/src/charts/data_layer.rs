//! What a chart says, without how its panel looks: for snapshots that are read and compared by people.

use super::theme;

/// Each text with its place, and each shape that is not in a colour of the panel, the grid or an axis; one a line, in CSS pixels.
///
/// Small dots of samples are counted, since they are many. The footer is left out: it belongs to the machine.
pub fn data_layer(svg: &str) -> String {
    let neutral: Vec<String> = [theme::PANEL, theme::BORDER, theme::GRID, theme::AXIS].into_iter().map(super::svg::Colour::hex).collect();
    let footer = svg.find("Noise verdict").map_or(svg.len(), |at| svg[..at].rfind("<text").unwrap_or(at));
    let mut lines = Vec::new();
    let mut dots = 0;
    for line in svg[..footer].lines().filter(|line| line.starts_with('<') && !line.starts_with("<svg")) {
        let get = |name: &str| {
            let from = line.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(&line[from..from + line[from..].find('"')?])
        };
        let colour = [get("fill"), get("stroke")].into_iter().flatten().find(|colour| *colour != "none").unwrap_or_default();
        let tag = line[1..].split([' ', '>']).next().unwrap_or_default();
        let place = |names: &[&str]| names.iter().filter_map(|name| get(name)).map(px).collect::<Vec<_>>().join(" ");
        match tag {
            "text" => {
                let said = line.split_once('>').map_or("", |(_, rest)| rest.trim_end_matches("</text>"));
                lines.push(format!("text {} {said}", place(&["x", "y"])));
            }
            _ if neutral.iter().any(|own| own == colour) => {}
            "circle" if get("opacity").is_some_and(|opacity| opacity != "1") => dots += 1,
            "polyline" | "polygon" => {
                let points: Vec<String> = get("points").unwrap_or_default().split([',', ' ']).filter(|p| !p.is_empty()).map(px).collect();
                // The first points and the number of them tell a long curve from another one.
                let (shown, more) =
                    (points.len().min(12), if points.len() > 12 { format!(" … {}", points.len() / 2) } else { String::new() });
                lines.push(format!("{tag} {colour} {}{more}", points[..shown].join(" ")));
            }
            _ => lines.push(format!("{tag} {colour} {}", place(&["x", "y", "width", "height", "x1", "y1", "x2", "y2", "cx", "cy", "r"]))),
        }
    }
    if dots > 0 {
        lines.push(format!("{dots} dots"));
    }
    lines.join("\n") + "\n"
}

/// Units of the picture as whole CSS pixels.
fn px(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |units| format!("{:.0}", units / super::svg::UNITS))
}
