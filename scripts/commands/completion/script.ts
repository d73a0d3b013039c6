import type { Described } from './described-command.ts'

/** What can be typed for one argument or value: one of some words, a path, or anything. */
export interface Completions {
  readonly words?: readonly string[] | undefined
  readonly isPath?: boolean | undefined
  /** Whether all further arguments are of the same kind. */
  readonly isRepeated?: boolean | undefined
}

/** What can be typed after a command, or after an action of it such as `migrate up`. */
export interface CompletedCommand {
  readonly name: string
  /** Options without dashes, with what their values are; undefined for those that take no value. */
  readonly options: readonly (readonly [name: string, value: Completions | undefined])[]
  readonly positionals: readonly Completions[]
}

/** What can be typed for an argument, or for the value of an option. */
export const completionsOf = (name: string, { choices, isPath }: Described): Completions => ({
  words: choices,
  isPath: isPath ?? /^files?$/.test(name),
  isRepeated: name === 'files',
})

/**
 * The script for bash and zsh that completes a command line. It holds all words, so that a shell answers at once: to start
 * the program for each answer would take a third of a second.
 */
export const completionScript = (commands: readonly CompletedCommand[]): string => `\
# Completes daybook in bash and zsh. In ~/.bashrc or ~/.zshrc: source <(npx daybook completion)
if [ -n "\${ZSH_VERSION-}" ]; then
  autoload -U +X compinit bashcompinit
  (( \${+functions[compdef]} )) || compinit
  bashcompinit
fi

# The words that can follow: $1 is the command with its action, $2 the place among its arguments or the option before.
_daybook_words() {
  case "$1 $2" in
${commands.flatMap(casesOf).join('\n')}
  esac
}

_daybook() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command= action= place=0 option= word= words= index
  # bash takes the = of --option=value as a word.
  [ "$current" = = ] && current=
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    [ "$word" = = ] && continue
    if [ -n "$option" ]; then option=; continue; fi
    case "$word" in
      -*)
        case " $(_daybook_words "$command" valued) " in *" $word "*) option="$word" ;; esac
        ;;
      *)
        if [ -z "$command" ]; then command="$word"
        else
          [ $place = 0 ] && [ -n "$(_daybook_words "$command $word" options)" ] && action=" $word"
          place=$((place + 1))
        fi
        ;;
    esac
  done
  if [ -n "$option" ]; then words="$(_daybook_words "$command" "$option")"
  elif [ -z "\${current##-*}" ] && [ -n "$current" ]; then words="$(_daybook_words "$command$action" options)"
  else words="$(_daybook_words "$command" $place)"
  fi
  COMPREPLY=()
  if [ "$words" = '<path>' ]; then
    compopt -o filenames 2>/dev/null
    words=
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
  else
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _daybook daybook`

/** The cases of `_daybook_words` for a command. The words are those of our own definitions, so no shell takes them apart. */
function casesOf({ name, options, positionals }: CompletedCommand): string[] {
  const dashed = (all: CompletedCommand['options']) =>
    all.map(([option]) => `--${option}`).join(' ')
  const valued = options.filter(([, value]) => value !== undefined)
  const cases = [
    ["options'", dashed(options)],
    ["valued'", dashed(valued)],
    ...valued.map(([option, value]) => [`--${option}'`, wordsOf(value)]),
    ...positionals.map((positional, place) => [
      positional.isRepeated ? "'[0-9]*" : `${place}'`,
      wordsOf(positional),
    ]),
  ]
  return cases
    .filter(([, words]) => words !== '')
    .map(([place, words]) => `    '${name} ${place}) echo '${words}' ;;`)
}

const wordsOf = ({ words = [], isPath }: Completions = {}): string =>
  isPath ? '<path>' : words.join(' ')
