# Completion of leadline in zsh. Once: leadline completion zsh >> ~/.zshrc
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_leadline() {
    local -a lines whole begun
    local one entry
    lines=("${(@f)$(env _LEADLINE_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="${(j: :)words[1,CURRENT]}" leadline 2>/dev/null)}")
    for one in $lines; do
        entry="${${one%%$'\t'*}//:/\\:}"
        [[ $one == *$'\t'* ]] && entry+=":${one#*$'\t'}"
        if [[ ${one%%$'\t'*} == *[=/] ]]; then begun+=("$entry"); else whole+=("$entry"); fi
    done
    if (( $#whole + $#begun )); then
        _describe leadline whole -- begun -S ''
    else
        _files
    fi
}
compdef _leadline leadline
