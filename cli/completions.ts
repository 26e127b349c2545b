/**
 * `wuerstchen completions`: scripts that complete commands, flags and their values in bash, zsh and fish. They are made from the
 * tree of commands, so that they cannot lag behind it.
 * @module
 */
import { Argument, Command, type Option } from "commander";
import { choiceOption } from "./_options.ts";
import { writeOut } from "./_stdout.ts";

const shells = ["bash", "zsh", "fish"] as const;

/** A shell that completions can be made for. */
export type Shell = typeof shells[number];

const usage = `
Put the output where the shell reads completions:
  wuerstchen completions bash > ~/.local/share/bash-completion/completions/wuerstchen
  wuerstchen completions zsh  > "\${fpath[1]}/_wuerstchen"
  wuerstchen completions fish > ~/.config/fish/completions/wuerstchen.fish
`;

/**
 * Builds the command.
 *
 * @param createProgram builds the tree that is to be completed
 */
export function completionsCommand(createProgram: () => Command): Command {
  return new Command("completions")
    .summary("print a script that completes flags in a shell")
    .description("Prints a script that completes commands, flags and their values in a shell.")
    .addArgument(
      new Argument("<shell>", "bash, zsh or fish").choices(shells).argParser(choiceOption("<shell>", shells)),
    )
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", usage)
    .action((shell: Shell) => writeOut(completionScript(createProgram(), shell)));
}

/** A flag as the shells need it. */
interface Flag {
  readonly short: string | undefined;
  readonly long: string;
  readonly summary: string;
  readonly value: Value;
}

/** What stands behind a flag or a command: nothing, one of some words, a path, or text that cannot be completed. */
type Value =
  | { readonly kind: "none" | "file" | "folder" | "text" }
  | { readonly kind: "words"; readonly words: readonly string[] };

interface CommandFlags {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What stands behind the command's name. */
  readonly value: Value;
}

/** The script that completes `program` in a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const helper = program.createHelp();
  const commands = helper.visibleCommands(program).filter((command) => command.name() !== "help").map(describe);
  const root: CommandFlags = {
    ...describe(program),
    value: { kind: "words", words: commands.map(({ name }) => name) },
  };
  return scripts[shell](root, commands);
}

function describe(command: Command): CommandFlags {
  const helper = command.createHelp();
  const [argument] = command.registeredArguments;
  return {
    name: command.name(),
    summary: shorten(command.summary() || command.description()),
    flags: helper.visibleOptions(command).map(describeOption),
    value: argument ? valueOf(argument.name(), argument.argChoices) : { kind: "none" },
  };
}

function describeOption(option: Option): Flag {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return {
    short: option.short,
    long: option.long!,
    summary: shorten(option.description),
    value: placeholder === undefined ? { kind: "none" } : valueOf(placeholder, option.argChoices),
  };
}

function valueOf(placeholder: string, words: readonly string[] | undefined): Value {
  if (words) return { kind: "words", words };
  if (/folder/.test(placeholder)) return { kind: "folder" };
  return { kind: /file|picture|name/.test(placeholder) ? "file" : "text" };
}

/** The part of a help text that fits beside a flag. */
function shorten(text: string): string {
  return text.split(/[;(]| - /)[0]!.trim();
}

type Script = (root: CommandFlags, commands: readonly CommandFlags[]) => string;

const scripts: Readonly<Record<Shell, Script>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

const names = ({ short, long }: Flag) => short === undefined ? [long] : [short, long];

function bashScript(root: CommandFlags, commands: readonly CommandFlags[]): string {
  const reply = (value: Value, indent: string) => {
    if (value.kind === "none" || value.kind === "text") return `${indent}:`;
    if (value.kind === "words") {
      return `${indent}mapfile -t COMPREPLY < <(compgen -W '${value.words.join(" ")}' -- "$current")`;
    }
    return `${indent}compopt -o filenames\n` +
      `${indent}mapfile -t COMPREPLY < <(compgen ${value.kind === "file" ? "-f" : "-d"} -- "$current")`;
  };
  const valued = commands.flatMap(({ name, flags }) =>
    flags.filter(({ value }) => value.kind !== "none").map((flag) =>
      `    ${names(flag).map((text) => `"${name} ${text}"`).join("|")})\n${
        reply(flag.value, "      ")
      }\n      return ;;`
    )
  );
  const whole = [{ ...root, name: "" }, ...commands].map(({ name, flags, value }) =>
    `    "${name}")\n` +
    `      if [[ $current == -* ]]; then\n` +
    `        mapfile -t COMPREPLY < <(compgen -W '${flags.flatMap(names).join(" ")}' -- "$current")\n` +
    `      else\n${reply(value, "        ")}\n      fi ;;`
  );
  return `# Completion of ${root.name} for bash.
_${root.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${commands.map(({ name }) => name).join("|")}) command=$word; break ;; esac
  done
  COMPREPLY=()
  case "$command $previous" in
${valued.join("\n")}
  esac
  case $command in
${whole.join("\n")}
  esac
}
complete -F _${root.name} ${root.name}
`;
}

function zshScript(root: CommandFlags, commands: readonly CommandFlags[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const plain = (text: string) => text.replace(/[\\[\]:]/g, "\\$&");
  const action = (value: Value) => {
    if (value.kind === "words") return `(${value.words.join(" ")})`;
    return { file: "_files", folder: "_files -/", text: " ", none: "" }[value.kind];
  };
  const specs = ({ flags, value }: CommandFlags) => [
    ...flags.map((flag) => {
      const { short, long, summary } = flag;
      const rest = `[${plain(summary)}]${flag.value.kind === "none" ? "" : `:value:${action(flag.value)}`}`;
      return short === undefined ? quote(`${long}${rest}`) : `'(${short} ${long})'{${short},${long}}${quote(rest)}`;
    }),
    ...(value.kind === "none" ? [] : [quote(`:value:${action(value)}`)]),
  ];
  const list = (lines: readonly string[], indent: string) => lines.map((line) => ` \\\n${indent}${line}`).join("");
  const known = commands.map(({ name, summary }) => quote(`${name}:${plain(summary)}`));
  const cases = commands.map((command) =>
    `        ${command.name}) _arguments -s -S${list(specs(command), "          ")} ;;`
  );
  return `#compdef ${root.name}
# Completion of ${root.name} for zsh.
_${root.name}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C${list(specs({ ...root, value: { kind: "none" } }), "    ")} \\
    '1: :->command' '*:: :->rest'
  case $state in
    command)
      local -a commands=(${list(known, "        ")}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join("\n")}
      esac ;;
  esac
}
if [[ $funcstack[1] == _${root.name} ]]; then _${root.name} "$@"; else compdef _${root.name} ${root.name}; fi
`;
}

function fishScript(root: CommandFlags, commands: readonly CommandFlags[]): string {
  const quote = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const action = (value: Value) => {
    if (value.kind === "words") return ` -x -a ${quote(value.words.join(" "))}`;
    return { file: " -r -F", folder: " -x -a '(__fish_complete_directories)'", text: " -x", none: "" }[value.kind];
  };
  const lines = [`# Completion of ${root.name} for fish.`, `complete -c ${root.name} -f`];
  const add = (condition: string, { flags }: CommandFlags) => {
    for (const { short, long, summary, value } of flags) {
      const letter = short === undefined ? "" : ` -s ${short.slice(1)}`;
      lines.push(
        `complete -c ${root.name} -n ${quote(condition)}${letter} -l ${long.slice(2)}${action(value)} -d ${
          quote(summary)
        }`,
      );
    }
  };
  add("__fish_use_subcommand", root);
  for (const command of commands) {
    const { name, summary, value } = command;
    lines.push(`complete -c ${root.name} -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
    const condition = `__fish_seen_subcommand_from ${name}`;
    if (value.kind === "file") lines.push(`complete -c ${root.name} -n ${quote(condition)} -F`);
    if (value.kind === "words") {
      lines.push(`complete -c ${root.name} -n ${quote(condition)} -a ${quote(value.words.join(" "))}`);
    }
    add(condition, command);
  }
  return `${lines.join("\n")}\n`;
}
