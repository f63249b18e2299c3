//! The results of `bench`, as a table or as JSON.

use anstream::println;
use comfy_table::{CellAlignment, Table, presets};
use policy_host::Times;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) floor_bytes: usize,
    pub(super) policy_bytes: usize,
    pub(super) requests: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) memory: Vec<Growth>,
}

/// Times are in microseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) verdict: &'static str,
    pub(super) bytes: usize,
    pub(super) fresh: Times,
    pub(super) fresh_ratio: f64,
    pub(super) warm: Times,
    pub(super) warm_ratio: f64,
    pub(super) instructions: u64,
    pub(super) memory_pages: u64,
    pub(super) written_pages: usize,
}

/// Pages of 64 KiB.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Growth {
    pub(super) name: String,
    pub(super) calls: usize,
    pub(super) after_one: u64,
    pub(super) after_half: u64,
    pub(super) after_all: u64,
}

impl Report {
    /// For people.
    pub(super) fn show(&self) {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED).set_header([
            "request",
            "verdict",
            "bytes",
            "floor µs",
            "policy µs",
            "ratio",
            "warm floor µs",
            "warm µs",
            "warm ratio",
            "instructions",
            "memory, 64 KiB",
            "written, 4 KiB",
        ]);
        for row in &self.requests {
            table.add_row([
                row.name.clone(),
                row.verdict.to_owned(),
                row.bytes.to_string(),
                format!("{:.1}", row.fresh.floor),
                format!("{:.1}", row.fresh.policy),
                format!("{:.2}", row.fresh_ratio),
                format!("{:.1}", row.warm.floor),
                format!("{:.1}", row.warm.policy),
                format!("{:.2}", row.warm_ratio),
                row.instructions.to_string(),
                row.memory_pages.to_string(),
                row.written_pages.to_string(),
            ]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}");
        for growth in &self.memory {
            let Growth { name, calls, after_one, after_half, after_all } = growth;
            println!(
                "{name}: {after_one} pages after the first warm call, {after_half} after half of {calls}, {after_all} after all"
            );
        }
        println!("module: {} bytes, floor: {} bytes", self.policy_bytes, self.floor_bytes);
    }
}
