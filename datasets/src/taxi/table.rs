//! Trips as an Arrow record batch, in the names and types of the public files.

use std::sync::{Arc, LazyLock};

use tpchgen_arrow::arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringViewArray, TimestampMillisecondArray,
};
use tpchgen_arrow::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use tpchgen_arrow::arrow::error::ArrowError;

use super::trip::Trip;
use crate::write::column;

static TRIPS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let time = |name| column(name, DataType::Timestamp(TimeUnit::Millisecond, None));
    let whole = |name| column(name, DataType::Int64);
    let zone = |name| column(name, DataType::Int32);
    let money = |name| column(name, DataType::Float64);
    let may_miss = |field: Field| field.with_nullable(true);
    Arc::new(Schema::new(vec![
        whole("VendorID"),
        time("tpep_pickup_datetime"),
        time("tpep_dropoff_datetime"),
        may_miss(whole("passenger_count")),
        money("trip_distance"),
        may_miss(whole("RatecodeID")),
        may_miss(column("store_and_fwd_flag", DataType::Utf8View)),
        zone("PULocationID"),
        zone("DOLocationID"),
        whole("payment_type"),
        money("fare_amount"),
        money("extra"),
        money("mta_tax"),
        money("tip_amount"),
        money("tolls_amount"),
        money("improvement_surcharge"),
        money("total_amount"),
        may_miss(money("congestion_surcharge")),
        may_miss(money("Airport_fee")),
    ]))
});

/// The schema of `trips`.
pub fn schema() -> SchemaRef {
    Arc::clone(&TRIPS)
}

/// The trips as a batch.
pub fn batch(trips: &[Trip]) -> Result<RecordBatch, ArrowError> {
    let whole = |of: fn(&Trip) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(trips.iter().map(of))) };
    let maybe = |of: fn(&Trip) -> Option<i64>| -> ArrayRef { Arc::new(trips.iter().map(of).collect::<Int64Array>()) };
    let zone = |of: fn(&Trip) -> i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(trips.iter().map(of))) };
    let time = |of: fn(&Trip) -> i64| -> ArrayRef {
        Arc::new(TimestampMillisecondArray::from_iter_values(trips.iter().map(|trip| of(trip) * 1000)))
    };
    let hundredths =
        |of: fn(&Trip) -> i64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(trips.iter().map(|trip| of(trip) as f64 / 100.0))) };
    let maybe_hundredths = |of: fn(&Trip) -> Option<i64>| -> ArrayRef {
        Arc::new(trips.iter().map(|trip| of(trip).map(|cents| cents as f64 / 100.0)).collect::<Float64Array>())
    };
    let flags = trips.iter().map(|trip| trip.stored.map(|stored| if stored { "Y" } else { "N" }));
    RecordBatch::try_new(
        schema(),
        vec![
            whole(|trip| trip.vendor),
            time(|trip| trip.pickup),
            time(|trip| trip.dropoff),
            maybe(|trip| trip.passengers),
            hundredths(|trip| trip.distance),
            maybe(|trip| trip.rate_code),
            Arc::new(flags.collect::<StringViewArray>()),
            zone(|trip| trip.from),
            zone(|trip| trip.to),
            whole(|trip| trip.payment),
            hundredths(|trip| trip.fare),
            hundredths(|trip| trip.extra),
            hundredths(|trip| trip.tax),
            hundredths(|trip| trip.tip),
            hundredths(|trip| trip.tolls),
            hundredths(|trip| trip.improvement),
            hundredths(|trip| trip.total),
            maybe_hundredths(|trip| trip.congestion),
            maybe_hundredths(|trip| trip.airport),
        ],
    )
}
