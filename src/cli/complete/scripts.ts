/**
 * Completion scripts: a small function for each shell that calls `dgov complete` for candidates.
 * The scripts know no command themselves, so that they never go out of date.
 */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const bash = `# Completion of dgov in bash. In ~/.bashrc: eval "$(dgov completions bash)"
_dgov() {
  local words=() flags=() word line reply current prefix= joining= i
  # bash takes --flag=value apart.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ ($word == = || $joining) && \${#words[@]} -gt 0 && \${words[\${#words[@]} - 1]} == --* ]]; then
      words[\${#words[@]} - 1]+=$word
      joining=
      [[ $word == = ]] && joining=yes
    else
      words+=("$word")
      joining=
    fi
  done
  for word in "\${words[@]}"; do flags+=("--words=$word"); done
  current=\${words[\${#words[@]} - 1]}
  [[ $current == --*=* ]] && prefix=\${current%%=*}=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files | :folders)
        compopt -o filenames 2> /dev/null
        word=-f
        [[ $line == :folders ]] && word=-d
        while IFS= read -r reply; do COMPREPLY+=("$reply"); done \\
          < <(compgen "$word" -- "\${current#"$prefix"}")
        ;;
      *)
        reply=\${line%%$'\\t'*}
        printf -v reply %q "\${reply#"$prefix"}"
        COMPREPLY+=("$reply")
        ;;
    esac
  done < <(DGOV_JSON= "\${COMP_WORDS[0]/#\\~/$HOME}" complete "\${flags[@]}" 2> /dev/null)
}
complete -F _dgov dgov
`;

const zsh = `#compdef dgov
# Completion of dgov in zsh. In ~/.zshrc, after compinit: eval "$(dgov completions zsh)"
# or, in a folder of $fpath: dgov completions zsh > _dgov
_dgov() {
  local -a flags described
  local word line
  for word in "\${(@)words[2,CURRENT-1]}"; do flags+=("--words=\${(Q)word}"); done
  flags+=("--words=\${(Q)PREFIX}")
  for line in "\${(@f)$(DGOV_JSON= "\${(Q)words[1]/#\\~/$HOME}" complete "\${(@)flags}" 2> /dev/null)}"; do
    case $line in
      ('') ;;
      (:files) _files ;;
      (:folders) _files -/ ;;
      (*$'\\t'*) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      (*) described+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( \${#described} )) && _describe -t dgov 'dgov' described
}
if [[ $funcstack[1] == _dgov ]]; then
  _dgov "$@"
else
  compdef _dgov dgov
fi
`;

const fish = `# Completion of dgov in fish. dgov completions fish > ~/.config/fish/completions/dgov.fish
function __dgov_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l flags
    for word in $words[2..-1]
        set -a flags "--words=$word"
    end
    set -a flags "--words=$current"
    for line in (env DGOV_JSON= $words[1] complete $flags 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current" ''
            case '*'
                printf '%s\\n' $line
        end
    end
end
complete -c dgov -e
complete -c dgov -f -a '(__dgov_complete)'
`;

/** The script of each shell. */
export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
