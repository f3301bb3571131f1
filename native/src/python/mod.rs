//! The Python module: conversions and nothing else. Long work runs with the interpreter released.

mod convert;

use std::path::PathBuf;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::create_exception;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::bytes::Bytes;
use crate::ceremony;
use crate::check::check;
use crate::error::{guarded, Error};
use crate::field::to_decimal;
use crate::formats::r1cs::R1cs;
use crate::formats::sym::Symbols;
use crate::formats::wtns::Witness;
use crate::formats::zkey::{Beacon, Check, Zkey};
use crate::keys;
use crate::merkle::Tree;
use crate::poseidon::{hash, hash_all, hash_list};
use crate::prove::{prove as prove_core, ProvingKey};
use crate::transcript::{self, Source};
use crate::value::Value;
use crate::verify::{parse_proof, parse_public, proof_text, VerifyingKey};

use convert::{element, elements, integer, value, Report};

create_exception!(zksolvency_native, NativeError, PyValueError, "Base of the errors about content.");
create_exception!(zksolvency_native, NativeFormatError, NativeError, "A file's or an object's content is malformed.");
create_exception!(
    zksolvency_native,
    NativeInvalidError,
    NativeError,
    "Well-formed content that does not hold or must not be used."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Format { .. } => NativeFormatError::new_err(text),
            Error::Invalid(_) => NativeInvalidError::new_err(text),
            Error::Io(_) => PyOSError::new_err(text),
            Error::Stopped | Error::Internal => NativeError::new_err(text),
        }
    }
}

/// Long work: with the interpreter released, and with a panic as a NativeError.
fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    py.detach(|| guarded(work))
}

/// Prove; see the stub file for every function's words.
#[pyfunction]
#[pyo3(signature = (zkey_path, witness, progress=None))]
fn prove<'py>(
    py: Python<'py>,
    zkey_path: PathBuf,
    witness: &[u8],
    progress: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyDict>, Vec<String>, Bound<'py, PyDict>)> {
    let report = Report::new(progress);
    let started = std::time::Instant::now();
    let outcome = run(py, || {
        let key = ProvingKey::load(&zkey_path)?;
        let loaded = started.elapsed().as_secs_f64();
        let (proof, public, timings) = prove_core(&key, Witness::parse(witness)?, &report.callback())?;
        Ok((proof, public, timings, loaded))
    });
    let (proof, public, stages, loaded) = report.outcome(outcome)?;
    let (a, b, c) = proof_text(&proof);
    let out = PyDict::new(py);
    out.set_item("pi_a", a.to_vec())?;
    out.set_item("pi_b", b.map(|pair| pair.to_vec()).to_vec())?;
    out.set_item("pi_c", c.to_vec())?;
    out.set_item("protocol", "groth16")?;
    out.set_item("curve", "bn128")?;
    let timings = PyDict::new(py);
    timings.set_item("key", loaded)?;
    for (name, seconds) in stages {
        timings.set_item(name, seconds)?;
    }
    Ok((out, public.iter().map(to_decimal).collect(), timings))
}

#[pyfunction]
#[pyo3(signature = (r1cs_path, out_path, progress=None, *, contribute=true))]
fn dev_zkey(
    py: Python<'_>,
    r1cs_path: PathBuf,
    out_path: PathBuf,
    progress: Option<Py<PyAny>>,
    contribute: bool,
) -> PyResult<()> {
    let report = Report::new(progress);
    let outcome = run(py, || keys::dev_key(&r1cs_path, &out_path, contribute, &report.callback()));
    report.outcome(outcome)
}

#[pyfunction]
#[pyo3(signature = (zkey_path, out_path, name, entropy, progress=None))]
fn contribute<'py>(
    py: Python<'py>,
    zkey_path: PathBuf,
    out_path: PathBuf,
    name: &str,
    entropy: &[u8],
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let report = Report::new(progress);
    let source = Source::Entropy(entropy);
    let outcome = run(py, || keys::contribute(&zkey_path, &out_path, Some(name), &source, &report.callback()));
    Ok(PyBytes::new(py, &report.outcome(outcome)?))
}

#[pyfunction]
#[pyo3(signature = (zkey_path, out_path, name, beacon_hash, iterations_exp, progress=None))]
fn beacon<'py>(
    py: Python<'py>,
    zkey_path: PathBuf,
    out_path: PathBuf,
    name: &str,
    beacon_hash: &[u8],
    iterations_exp: u8,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let report = Report::new(progress);
    let beacon = Beacon {
        hash: beacon_hash.to_vec(),
        iterations_exp,
    };
    let source = Source::Beacon(&beacon);
    let outcome = run(py, || keys::contribute(&zkey_path, &out_path, Some(name), &source, &report.callback()));
    Ok(PyBytes::new(py, &report.outcome(outcome)?))
}

#[pyfunction]
#[pyo3(signature = (ptau_path, progress=None))]
fn verify_ptau(py: Python<'_>, ptau_path: PathBuf, progress: Option<Py<PyAny>>) -> PyResult<()> {
    let report = Report::new(progress);
    let outcome = run(py, || ceremony::verify_ptau(&ptau_path, &report.callback()));
    report.outcome(outcome)
}

#[pyfunction]
#[pyo3(signature = (r1cs_path, ptau_path, out_path, progress=None))]
fn new_zkey<'py>(
    py: Python<'py>,
    r1cs_path: PathBuf,
    ptau_path: PathBuf,
    out_path: PathBuf,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let report = Report::new(progress);
    let outcome = run(py, || ceremony::new_key(&r1cs_path, &ptau_path, &out_path, &report.callback()));
    Ok(PyBytes::new(py, &report.outcome(outcome)?))
}

#[pyfunction]
#[pyo3(signature = (r1cs_path, ptau_path, zkey_path, progress=None))]
fn verify_zkey(
    py: Python<'_>,
    r1cs_path: PathBuf,
    ptau_path: PathBuf,
    zkey_path: PathBuf,
    progress: Option<Py<PyAny>>,
) -> PyResult<()> {
    let report = Report::new(progress);
    let outcome = run(py, || ceremony::verify_key(&r1cs_path, &ptau_path, &zkey_path, &report.callback()));
    report.outcome(outcome)
}

#[pyfunction]
fn contributions<'py>(py: Python<'py>, zkey_path: PathBuf) -> PyResult<Bound<'py, PyList>> {
    let zkey = run(py, || Zkey::parse(Bytes::map(&zkey_path)?, Check::Header))?;
    let list = PyList::empty(py);
    for contribution in &zkey.contributions {
        let entry = PyDict::new(py);
        let name = contribution.name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned());
        entry.set_item("name", name)?;
        entry.set_item("hash", PyBytes::new(py, &transcript::contribution_hash(contribution)))?;
        let beacon = contribution.beacon.as_ref();
        entry.set_item("beacon_hash", beacon.map(|beacon| PyBytes::new(py, &beacon.hash)))?;
        entry.set_item("iterations_exp", beacon.map(|beacon| beacon.iterations_exp))?;
        list.append(entry)?;
    }
    Ok(list)
}

#[pyfunction]
fn contribution_count(py: Python<'_>, zkey_path: PathBuf) -> PyResult<usize> {
    Ok(run(py, || Zkey::parse(Bytes::map(&zkey_path)?, Check::Header))?.contributions.len())
}

#[pyfunction]
fn verify_contributions(py: Python<'_>, zkey_path: PathBuf) -> PyResult<()> {
    let report = Report::new(None);
    let outcome = run(py, || {
        let zkey = Zkey::parse(Bytes::map(&zkey_path)?, Check::Header)?;
        let progress = report.callback();
        let tick = || progress("contributions", 0.5);
        transcript::verify(&zkey.circuit_hash, &zkey.contributions, &zkey.delta_1, &zkey.delta_2, &tick)
    });
    report.outcome(outcome)
}

#[pyfunction]
fn verify(
    py: Python<'_>,
    vk: &Bound<'_, PyAny>,
    public: &Bound<'_, PyAny>,
    proof: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let (vk, public, proof) = (value(vk)?, value(public)?, value(proof)?);
    Ok(run(py, || {
        let vk = VerifyingKey::parse(&vk)?;
        vk.verify(&parse_public(&public)?, &parse_proof(&proof)?)
    })?)
}

#[pyfunction]
fn verify_batch(py: Python<'_>, vk: &Bound<'_, PyAny>, items: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let vk = value(vk)?;
    let items = items
        .try_iter()?
        .map(|item| {
            let item = item?;
            let pair = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>();
            let read = pair.and_then(|(public, proof)| Ok((value(&public)?, value(&proof)?)));
            // What is no pair of values is a bad item among the others, not the end of them.
            Ok(read.unwrap_or((Value::Other, Value::Other)))
        })
        .collect::<PyResult<Vec<_>>>()?;
    Ok(run(py, || VerifyingKey::parse(&vk)?.verify_batch_values(&items))?)
}

#[pyfunction]
fn poseidon<'py>(py: Python<'py>, inputs: &Bound<'_, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let inputs = elements(inputs)?;
    integer(py, &guarded(|| hash(&inputs))?)
}

#[pyfunction]
fn poseidon_batch<'py>(py: Python<'py>, lists: &Bound<'_, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let lists = lists.try_iter()?.map(|list| elements(&list?)).collect::<PyResult<Vec<_>>>()?;
    let hashes = run(py, || hash_all(&lists))?;
    let out = PyList::empty(py);
    hashes.iter().try_for_each(|value| out.append(integer(py, value)?))?;
    Ok(out)
}

#[pyfunction]
fn poseidon_list<'py>(
    py: Python<'py>,
    tag: &Bound<'_, PyAny>,
    values: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let (tag, values) = (element(tag)?, elements(values)?);
    integer(py, &guarded(|| hash_list(tag, &values))?)
}

/// A Merkle tree of Poseidon hashes.
#[pyclass(module = "zksolvency_native")]
struct MerkleTree(Tree);

#[pymethods]
impl MerkleTree {
    #[new]
    #[pyo3(signature = (leaves, depth, arity=4))]
    fn new(py: Python<'_>, leaves: &Bound<'_, PyAny>, depth: usize, arity: usize) -> PyResult<Self> {
        let leaves = elements(leaves)?;
        Ok(Self(run(py, || Tree::new(leaves, depth, arity))?))
    }

    #[getter]
    fn root<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        integer(py, &guarded(|| Ok(self.0.root()))?)
    }

    #[getter]
    fn depth(&self) -> usize {
        self.0.depth()
    }

    fn leaf<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Bound<'py, PyAny>> {
        integer(py, &guarded(|| self.0.leaf(index))?)
    }

    fn update(&mut self, py: Python<'_>, changes: &Bound<'_, PyDict>) -> PyResult<()> {
        let changes = changes
            .items() // a copy, as an index's own code may change the dictionary
            .iter()
            .map(|pair| {
                let (index, leaf): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
                Ok((index.extract()?, element(&leaf)?))
            })
            .collect::<PyResult<Vec<_>>>()?;
        Ok(run(py, || self.0.update(&changes))?)
    }

    fn path<'py>(&self, py: Python<'py>, index: u64) -> PyResult<Bound<'py, PyList>> {
        let out = PyList::empty(py);
        for siblings in guarded(|| self.0.path(index))? {
            let values = siblings.iter().map(|value| integer(py, value)).collect::<PyResult<Vec<_>>>()?;
            out.append(PyTuple::new(py, values)?)?;
        }
        Ok(out)
    }
}

#[pyfunction]
#[pyo3(signature = (r1cs_path, witness, sym_path=None, limit=100))]
fn check_r1cs<'py>(
    py: Python<'py>,
    r1cs_path: PathBuf,
    witness: &[u8],
    sym_path: Option<PathBuf>,
    limit: usize,
) -> PyResult<Bound<'py, PyList>> {
    let failures = run(py, || {
        let r1cs = R1cs::parse(Bytes::map(&r1cs_path)?)?;
        let symbols = sym_path.map(|path| Symbols::parse(Bytes::map(&path)?.get())).transpose()?;
        check(&r1cs, Witness::parse(witness)?, symbols.as_ref(), limit)
    })?;
    let out = PyList::empty(py);
    for failure in failures {
        let entry = PyDict::new(py);
        entry.set_item("constraint", failure.constraint)?;
        entry.set_item("component", failure.component)?;
        let [a, b, c] = failure.signals;
        entry.set_item("a", a)?;
        entry.set_item("b", b)?;
        entry.set_item("c", c)?;
        out.append(entry)?;
    }
    Ok(out)
}

/// Threads and vector instructions in use, for reports.
#[pyfunction]
fn features(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("threads", rayon::current_num_threads())?;
    out.set_item("vector", crate::msm::vectorised())?;
    Ok(out)
}

#[pymodule]
fn zksolvency_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("NativeError", py.get_type::<NativeError>())?;
    module.add("NativeFormatError", py.get_type::<NativeFormatError>())?;
    module.add("NativeInvalidError", py.get_type::<NativeInvalidError>())?;
    module.add_class::<MerkleTree>()?;
    module.add_function(wrap_pyfunction!(prove, module)?)?;
    module.add_function(wrap_pyfunction!(dev_zkey, module)?)?;
    module.add_function(wrap_pyfunction!(contribute, module)?)?;
    module.add_function(wrap_pyfunction!(beacon, module)?)?;
    module.add_function(wrap_pyfunction!(verify_ptau, module)?)?;
    module.add_function(wrap_pyfunction!(new_zkey, module)?)?;
    module.add_function(wrap_pyfunction!(verify_zkey, module)?)?;
    module.add_function(wrap_pyfunction!(contributions, module)?)?;
    module.add_function(wrap_pyfunction!(contribution_count, module)?)?;
    module.add_function(wrap_pyfunction!(verify_contributions, module)?)?;
    module.add_function(wrap_pyfunction!(verify, module)?)?;
    module.add_function(wrap_pyfunction!(verify_batch, module)?)?;
    module.add_function(wrap_pyfunction!(poseidon, module)?)?;
    module.add_function(wrap_pyfunction!(poseidon_batch, module)?)?;
    module.add_function(wrap_pyfunction!(poseidon_list, module)?)?;
    module.add_function(wrap_pyfunction!(check_r1cs, module)?)?;
    module.add_function(wrap_pyfunction!(features, module)?)?;
    Ok(())
}
