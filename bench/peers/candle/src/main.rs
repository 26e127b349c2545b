//! The work of ../../../measure.ts in candle: same lines, same weights files, same inputs.
//!
//! What candle cannot run it answers with `{"error": reason}`, and ends. Nothing of the toolkit needs this program;
//! ../../../README.md says how to build it.

#[cfg(feature = "mkl")]
extern crate intel_mkl_src;

mod network;

use std::any::Any;
use std::collections::HashMap;
use std::error::Error;
use std::io::stdin;
use std::panic;
use std::path::PathBuf;
use std::time::Instant;

use candle_core::{DType, Device, Tensor, safetensors};
use cpu_time::ProcessTime;
use network::Network;
use serde::Deserialize;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The last argument: what of a `MeasureRequest` concerns a peer.
#[derive(Deserialize)]
struct Request {
    case: Case,
    threads: usize,
    inputs: PathBuf,
    #[serde(default)]
    bf16: bool,
    precision: Option<String>,
}

#[derive(Deserialize)]
struct Case {
    network: String,
    folder: PathBuf,
    sizes: Sizes,
}

#[derive(Deserialize)]
struct Sizes {
    /// With guidance each latent runs twice.
    copies: Option<usize>,
}

fn dtype(request: &Request) -> Outcome<DType> {
    match request.precision.as_deref() {
        _ if request.bf16 => Ok(DType::BF16),
        None | Some("fp32") => Ok(DType::F32),
        Some("fp16") => Ok(DType::F16),
        Some(other) => Err(format!("candle's Würstchen has no {other}").into()),
    }
}

fn read_inputs(request: &Request, dtype: DType) -> Outcome<HashMap<String, Tensor>> {
    let mut inputs = safetensors::load(&request.inputs, &Device::Cpu)?;
    for (name, tensor) in &mut inputs {
        if tensor.dtype().is_float() {
            *tensor = tensor.to_dtype(dtype)?;
        }
        if name == "x" || name == "r" {
            *tensor = Tensor::cat(&vec![&*tensor; request.case.sizes.copies.unwrap_or(1)], 0)?;
        }
    }
    Ok(inputs)
}

/// What Cargo.lock says of the crate.
fn candle_version() -> Option<&'static str> {
    let (_, rest) = include_str!("../Cargo.lock").split_once("name = \"candle-core\"\nversion = \"")?;
    rest.split('"').next()
}

fn say(answer: Value) {
    println!("{answer}");
}

fn serve() -> Outcome<()> {
    let words = std::env::args()
        .last()
        .ok_or("Expected a request as the last argument")?;
    let request: Request = serde_json::from_str(&words)?;
    for name in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"] {
        // SAFETY: no other thread runs yet. candle, its thread pool and MKL's read them when they first compute.
        unsafe { std::env::set_var(name, request.threads.to_string()) };
    }
    let dtype = dtype(&request)?;
    let start = Instant::now();
    let (network, bytes) = Network::open(&request.case.network, &request.case.folder, dtype)?;
    let load = start.elapsed().as_secs_f64();
    let inputs = read_inputs(&request, dtype)?;
    say(json!({ "load": load, "versions": { "candle": candle_version() }, "bytes": bytes }));
    let mut outputs = HashMap::new();
    for line in stdin().lines() {
        match line?.strip_prefix("save ") {
            Some(file) => {
                safetensors::save(&outputs, file)?;
                say(json!({}));
            }
            None => {
                let (start, before) = (Instant::now(), ProcessTime::now());
                let (name, output) = network.run(&inputs)?;
                let (seconds, processor) = (start.elapsed(), before.elapsed());
                outputs.insert(name, output.to_dtype(DType::F32)?.contiguous()?);
                say(json!({ "seconds": seconds.as_secs_f64(), "processor": processor.as_secs_f64() }));
            }
        }
    }
    Ok(())
}

/// What a panic said.
fn words_of(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".into())
}

fn main() {
    // The answer tells; what the default hook prints beside it would tell it twice.
    panic::set_hook(Box::new(|_| {}));
    let outcome = panic::catch_unwind(serve).unwrap_or_else(|panic| Err(words_of(panic).into()));
    if let Err(error) = outcome {
        say(json!({ "error": error.to_string().lines().next() }));
    }
}
