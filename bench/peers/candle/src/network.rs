//! candle's networks behind one `run`, opened from folders as diffusers and transformers write them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Module, Result as CandleResult, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::stable_diffusion::clip::{ClipTextTransformer, Config as ClipConfig};
use candle_transformers::models::wuerstchen::diffnext::WDiffNeXt;
use candle_transformers::models::wuerstchen::paella_vq::PaellaVQ;
use candle_transformers::models::wuerstchen::prior::WPrior;
use serde_json::{Value, json};

use crate::Outcome;

pub enum Network {
    Text(ClipTextTransformer),
    Prior(WPrior),
    Decoder(WDiffNeXt),
    Autoencoder(PaellaVQ),
}

/// A `config.json`, of which candle takes some numbers and has the others written into its source.
struct Config(Value);

impl Config {
    fn read(folder: &Path) -> Outcome<Config> {
        Ok(Config(serde_json::from_str(&fs::read_to_string(
            folder.join("config.json"),
        )?)?))
    }

    fn size(&self, key: &str) -> Outcome<usize> {
        let size = self.0[key]
            .as_u64()
            .ok_or_else(|| format!("config.json has no {key}"))?;
        Ok(size as usize)
    }

    /// Checks what cannot be chosen: a network of other sizes would be another network, or none.
    fn expect(&self, fixed: Value) -> Outcome<()> {
        for (key, value) in fixed.as_object().into_iter().flatten() {
            if self.0[key] != *value {
                return Err(format!("candle has {key} = {value} in its source, this model {}", self.0[key]).into());
            }
        }
        Ok(())
    }
}

fn clip_config(config: &Config) -> Outcome<ClipConfig> {
    let (preset, heads, layers) = match config.size("hidden_size")? {
        1280 => (ClipConfig::wuerstchen_prior(), 20, 32),
        1024 => (ClipConfig::wuerstchen(), 16, 24),
        other => return Err(format!("candle has no text encoder of Würstchen with {other} channels").into()),
    };
    config.expect(json!({
        "vocab_size": 49408,
        "intermediate_size": 4 * config.size("hidden_size")?,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "max_position_embeddings": 77,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
    }))?;
    Ok(preset)
}

fn prior(config: &Config, weights: VarBuilder) -> Outcome<WPrior> {
    let size = |key| config.size(key);
    Ok(WPrior::new(
        size("c_in")?,
        size("c")?,
        size("c_cond")?,
        size("c_r")?,
        size("depth")?,
        size("nhead")?,
        false,
        weights,
    )?)
}

fn decoder(config: &Config, weights: VarBuilder) -> Outcome<WDiffNeXt> {
    config.expect(json!({
        "c_hidden": [320, 640, 1280, 1280],
        "nhead": [-1, 10, 20, 20],
        "blocks": [4, 4, 14, 4],
        "level_config": ["CT", "CTA", "CTA", "CTA"],
        "inject_effnet": [false, true, true, true],
        "effnet_embd": 16,
        "kernel_size": 3,
    }))?;
    let size = |key| config.size(key);
    Ok(WDiffNeXt::new(
        size("c_in")?,
        size("c_out")?,
        size("c_r")?,
        size("c_cond")?,
        size("clip_embd")?,
        size("patch_size")?,
        false,
        weights,
    )?)
}

fn autoencoder(config: &Config, weights: VarBuilder) -> Outcome<PaellaVQ> {
    config.expect(json!({
        "in_channels": 3,
        "out_channels": 3,
        "up_down_scale_factor": 2,
        "levels": 2,
        "bottleneck_blocks": 12,
        "embed_dim": 384,
        "latent_channels": 4,
    }))?;
    Ok(PaellaVQ::new(weights)?)
}

impl Network {
    /// The network of a class of diffusers or transformers, and the bytes of its weights on disk.
    pub fn open(class: &str, folder: &Path, dtype: DType) -> Outcome<(Network, u64)> {
        let config = Config::read(folder)?;
        let stem = if class == "CLIPTextModel" {
            "model"
        } else {
            "diffusion_pytorch_model"
        };
        let file = folder.join(format!("{stem}.safetensors"));
        // SAFETY: nobody writes the file while it is mapped.
        let weights = unsafe { VarBuilder::from_mmaped_safetensors(&[&file], dtype, &Device::Cpu)? };
        let network = match class {
            "CLIPTextModel" => Network::Text(ClipTextTransformer::new(weights, &clip_config(&config)?)?),
            "WuerstchenPrior" => Network::Prior(prior(&config, weights)?),
            "WuerstchenDiffNeXt" => Network::Decoder(decoder(&config, weights)?),
            "PaellaVQModel" => Network::Autoencoder(autoencoder(&config, weights)?),
            other => return Err(format!("candle has no {other}").into()),
        };
        Ok((network, fs::metadata(file)?.len()))
    }

    /// Runs it once; the name of what comes out, and that.
    pub fn run(&self, inputs: &HashMap<String, Tensor>) -> CandleResult<(&'static str, Tensor)> {
        Ok(match self {
            // Masks nothing but what comes later: the texts that are timed have no padding.
            Network::Text(network) => ("states", network.forward(&inputs["ids"])?),
            Network::Prior(network) => ("noise", network.forward(&inputs["x"], &inputs["r"], &inputs["c"])?),
            Network::Decoder(network) => {
                let clip = Some(&inputs["clip"]);
                (
                    "noise",
                    network.forward(&inputs["x"], &inputs["r"], &inputs["effnet"], clip)?,
                )
            }
            Network::Autoencoder(network) => ("pixels", network.decode(&inputs["latents"])?),
        })
    }
}
