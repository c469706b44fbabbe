//! Which Rust types a column may have, and the Arrow column each becomes.
//!
//! All integers are Int64, all instants microseconds in UTC: the types that DuckDB, Polars
//! and Spark read alike. `Option` is a nullable column, and null means "unknown", never 0.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{DateTime, Utc};

/// A value that fits in a column.
pub trait Cell {
    type Builder: ArrayBuilder;
    const NULLABLE: bool;

    fn data_type() -> DataType;
    fn builder() -> Self::Builder;
    fn append(self, builder: &mut Self::Builder);
}

/// Declares a required cell and its optional twin.
macro_rules! cell {
    ($type:ty, $builder:ty, $data_type:expr, $new:expr, $append:expr) => {
        impl Cell for $type {
            type Builder = $builder;
            const NULLABLE: bool = false;

            fn data_type() -> DataType {
                $data_type
            }

            fn builder() -> Self::Builder {
                $new
            }

            fn append(self, builder: &mut Self::Builder) {
                let append: fn(&mut Self::Builder, Self) = $append;
                append(builder, self);
            }
        }

        impl Cell for Option<$type> {
            type Builder = $builder;
            const NULLABLE: bool = true;

            fn data_type() -> DataType {
                $data_type
            }

            fn builder() -> Self::Builder {
                $new
            }

            fn append(self, builder: &mut Self::Builder) {
                match self {
                    Some(value) => value.append(builder),
                    None => append_null(builder),
                }
            }
        }
    };
}

cell!(String, StringBuilder, DataType::Utf8, StringBuilder::new(), |b, v| b.append_value(v));
cell!(i64, Int64Builder, DataType::Int64, Int64Builder::new(), |b, v| b.append_value(v));
cell!(f64, Float64Builder, DataType::Float64, Float64Builder::new(), |b, v| b.append_value(v));
cell!(bool, BooleanBuilder, DataType::Boolean, BooleanBuilder::new(), |b, v| b.append_value(v));
cell!(
    DateTime<Utc>,
    TimestampMicrosecondBuilder,
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    TimestampMicrosecondBuilder::new().with_timezone("UTC"),
    |b, v| b.append_value(v.timestamp_micros())
);
cell!(
    Vec<String>,
    ListBuilder<StringBuilder>,
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
    ListBuilder::new(StringBuilder::new()),
    |b, v| b.append_value(v.into_iter().map(Some))
);

/// The builders share no trait with `append_null`; this one names what we need of them.
trait Nulls {
    fn null(&mut self);
}

macro_rules! nulls {
    ($($builder:ty => $append:expr),+ $(,)?) => {
        $(impl Nulls for $builder {
            fn null(&mut self) {
                let append: fn(&mut Self) = $append;
                append(self);
            }
        })+
    };
}

nulls!(
    StringBuilder => |b| b.append_null(),
    Int64Builder => |b| b.append_null(),
    Float64Builder => |b| b.append_null(),
    BooleanBuilder => |b| b.append_null(),
    TimestampMicrosecondBuilder => |b| b.append_null(),
    ListBuilder<StringBuilder> => |b| b.append_null(),
);

fn append_null<B: Nulls>(builder: &mut B) {
    builder.null();
}

/// Closes a builder into a column.
pub fn finish<B: ArrayBuilder>(builder: &mut B) -> ArrayRef {
    builder.finish()
}
