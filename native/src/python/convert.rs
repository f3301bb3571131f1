//! Between Python objects and the crate's types.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyInt, PyList, PyString};

use crate::error::{Error, Result};
use crate::field::{fr, le_bytes, limbs, Fr};
use crate::value::Value;
use crate::verify::DERIVED;
use ark_ff::PrimeField;

/// Nesting and size that no key or proof reaches.
const MAX_DEPTH: usize = 8;
const MAX_ITEMS: usize = 4096;

/// A dictionary, list, string or number as the crate reads it.
pub fn value(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let mut budget = MAX_ITEMS;
    convert(object, MAX_DEPTH, &mut budget)
}

fn convert(object: &Bound<'_, PyAny>, depth: usize, budget: &mut usize) -> PyResult<Value> {
    if depth == 0 || *budget == 0 {
        return Err(Error::format("value", "is nested too deeply or has too many members").into());
    }
    *budget -= 1;
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.to_str().map_or(Value::Other, |text| Value::Text(text.to_owned())));
    }
    if object.is_exact_instance_of::<PyInt>() {
        return Ok(object.extract::<u64>().map_or(Value::Other, Value::Integer));
    }
    if let Ok(list) = object.cast::<PyList>() {
        return list.iter().map(|item| convert(&item, depth - 1, budget)).collect::<PyResult<_>>().map(Value::List);
    }
    if let Ok(map) = object.cast::<PyDict>() {
        let mut entries = Vec::new();
        for (key, item) in map.iter() {
            let Ok(name) = key.extract::<String>() else {
                return Ok(Value::Other);
            };
            // Never read, so not looked at either: the Python verifier takes anything for it.
            let unread = depth == MAX_DEPTH && name == DERIVED;
            entries.push((name, if unread { Value::Other } else { convert(&item, depth - 1, budget)? }));
        }
        return Ok(Value::Map(entries));
    }
    Ok(Value::Other)
}

/// A Python integer from 0 to r − 1.
pub fn element(object: &Bound<'_, PyAny>) -> PyResult<Fr> {
    let bad = || PyErr::from(Error::format("element", "is not an integer from 0 to r - 1"));
    if !object.is_exact_instance_of::<PyInt>() {
        return Err(bad());
    }
    let bytes: Vec<u8> = object.call_method1("to_bytes", (32, "little")).and_then(|b| b.extract()).map_err(|_| bad())?;
    fr(limbs(&bytes)).ok_or_else(bad)
}

pub fn elements(object: &Bound<'_, PyAny>) -> PyResult<Vec<Fr>> {
    // Packed 32-byte little-endian values save a million conversions.
    if let Ok(bytes) = object.cast::<PyBytes>() {
        let bytes = bytes.as_bytes();
        if bytes.len() % 32 != 0 {
            return Err(Error::format("elements", "are not 32 bytes each").into());
        }
        let read = |chunk: &[u8]| fr(limbs(chunk));
        let all: Option<Vec<Fr>> = bytes.chunks_exact(32).map(read).collect();
        return all.ok_or_else(|| Error::format("elements", "are not all below r").into());
    }
    // It would be read as one element a byte.
    if object.is_instance_of::<PyByteArray>() {
        return Err(Error::format("elements", "are a bytearray: give bytes or integers").into());
    }
    object.try_iter()?.map(|item| element(&item?)).collect()
}

pub fn integer<'py>(py: Python<'py>, value: &Fr) -> PyResult<Bound<'py, PyAny>> {
    let bytes = PyBytes::new(py, &le_bytes(&value.into_bigint().0));
    py.get_type::<PyInt>().call_method1("from_bytes", (bytes, "little"))
}

/// The caller's progress function, and the exception by which it asked to stop.
pub struct Report {
    function: Option<Py<PyAny>>,
    raised: Mutex<Option<PyErr>>,
}

impl Report {
    pub fn new(function: Option<Py<PyAny>>) -> Self {
        Self {
            function,
            raised: Mutex::new(None),
        }
    }

    /// Calls `function(stage, fraction)`; without one, only lets signals such as Ctrl-C in.
    pub fn callback(&self) -> impl Fn(&'static str, f64) -> Result<()> + Sync + '_ {
        |stage, fraction| {
            Python::attach(|py| {
                let outcome = py.check_signals().and_then(|()| match &self.function {
                    Some(function) => function.call1(py, (stage, fraction)).map(|_| ()),
                    None => Ok(()),
                });
                outcome.map_err(|raised| {
                    *self.raised.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(raised);
                    Error::Stopped
                })
            })
        }
    }

    /// The result, or the exception that the progress function raised.
    pub fn outcome<T>(self, result: Result<T>) -> PyResult<T> {
        let raised = self.raised.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        match raised {
            Some(raised) => Err(raised),
            None => result.map_err(PyErr::from),
        }
    }
}
