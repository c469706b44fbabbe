//! Tables of what probes measured, one file a table.
