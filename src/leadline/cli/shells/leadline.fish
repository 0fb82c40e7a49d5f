# Completion of leadline in fish. Once: leadline completion fish > ~/.config/fish/completions/leadline.fish
function __leadline
    set -l found (env _LEADLINE_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS=(commandline -cp) leadline 2>/dev/null)
    if string length -q -- $found
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command leadline --no-files --arguments '(__leadline)'
