//! The Oracle Fusion Cloud ERP twin.
