_complete_NAME() {
    # The words up to the cursor. Bash splits them also at the characters of COMP_WORDBREAKS, such as the `@` of a
    # scenario's id; parts without a blank between them are joined again.
    local words=() rest="${COMP_LINE:0:COMP_POINT}" at
    for ((at = 0; at <= COMP_CWORD; at++)); do
        if ((at == 0)) || [[ "$rest" == [[:blank:]]* ]]; then
            rest="${rest#"${rest%%[![:blank:]]*}"}"
            words+=("${COMP_WORDS[at]:0:${#rest}}")
        else
            words[${#words[@]} - 1]+="${COMP_WORDS[at]:0:${#rest}}"
        fi
        rest="${rest:${#COMP_WORDS[at]}}"
    done
    # Bash replaces only what follows the last of these characters, and an `@` too.
    local last="${words[${#words[@]} - 1]}" breaks="${COMP_WORDBREAKS//[^=:@]/}" before=""
    if [[ -n "$breaks" && "$last" == *["$breaks"]* ]]; then
        before="${last%"${last##*["$breaks"]}"}"
        before="${before%@}"
    fi
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate || [[ -n "$candidate" ]]; do
        COMPREPLY+=("${candidate#"$before"}")
    done < <(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) VARIABLE=bash \
        COMPLETER -- "${words[@]}" 2>/dev/null)
    if ((${#COMPREPLY[@]} == 1)) && [[ "${COMPREPLY[0]}" == *[/=:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
# Older versions cannot keep the order.
complete -o bashdefault -o nosort -F _complete_NAME PROGRAM 2>/dev/null ||
    complete -o bashdefault -F _complete_NAME PROGRAM
