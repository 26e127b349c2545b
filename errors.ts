/**
 * The error classes that callers catch. Everything else is thrown as a built-in class.
 *
 * Each message is one line: what is wrong, where, and what to do. The CLI maps a class to an exit code
 * (`ConfigError` 2, `CheckpointError`, `NumericError` and `PluginError` 3, `HubError` 4, `ResourceError` 5, `PermissionError` 6).
 * @module
 */

/** A wrong option, flag or configuration: the caller can mend the call. */
export class ConfigError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "ConfigError";
}

/** A model, checkpoint or picture file that is missing, damaged or not what it claims to be. */
export class CheckpointError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "CheckpointError";
}

/** A computation produced NaN or infinity. The message names stage, step and tensor. */
export class NumericError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "NumericError";
}

/** A failure of the network or of a model hub. */
export class HubError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "HubError";
}

/** Not enough disk or memory. The message says how much is there and how much is needed. */
export class ResourceError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "ResourceError";
}

/** A plugin that cannot be loaded, threw, or gave what its kind does not allow. The message names it. */
export class PluginError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "PluginError";
}

/** Something that nobody has allowed. The message says how to. */
export class PermissionError extends Error {
  /** The class's name, which survives minifiers and realms. */
  override readonly name = "PermissionError";
}
