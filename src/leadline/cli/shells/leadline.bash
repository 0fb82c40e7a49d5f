# Completion of leadline in bash. Once: leadline completion bash >> ~/.bashrc
_leadline() {
    local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n' one
    # What is replaced begins after the last '=' or ':' of a word, where bash cuts it.
    [[ $word == [=:] ]] && word=""
    local whole="${line##*[[:space:]]}"
    local before="${whole%"$word"}"
    COMPREPLY=()
    for one in $(env _LEADLINE_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS="$line" leadline 2>/dev/null); do
        one="${one%%$'\t'*}"
        [[ -e $one ]] && compopt -o filenames 2>/dev/null
        COMPREPLY+=("${one#"$before"}")
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/.] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -o default -F _leadline leadline
