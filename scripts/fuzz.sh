#!/usr/bin/env bash
# Runs every fuzz target of every module, one after the other, for TIME each
# (default 10s; 1000x: so many executions), and prints how often each was executed. ONLY=pattern takes those
# whose name matches. What fails is kept in the package's testdata/fuzz.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

time=${TIME:-10s}
total=0 targets=0 failed=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# packages prints the directories with a fuzz target.
packages() {
	git ls-files -co --exclude-standard -- '*_test.go' | xargs grep -lE '^func Fuzz[A-Za-z0-9_]*\(f \*testing\.F\)' |
		xargs -n1 dirname | sort -u
}

# execute TIME: fuzzes the target, and sets n to how often it was executed. What
# earlier runs found is executed first, and counted by itself.
execute() {
	# Making inputs that are only interesting shorter would take most of the time.
	go test "./$dir" -run "^$name\$" -fuzz "^$name\$" -fuzztime "$1" -fuzzminimizetime 100x >"$log" 2>&1 </dev/null || {
		# The end of the time now and then reaches go's workers as an error of
		# its own, without an input that fails; a number of executions does not.
		if grep -q 'Failing input' "$log" || ! grep -qx '    context deadline exceeded' "$log"; then
			cat "$log" >&2
			failed+=("$dir $name")
		fi
	}
	n=$(grep -oE '(execs:|coverage:) [0-9]+' "$log" | tail -1 | cut -d' ' -f2) || true
	n=${n:-0}
}

for dir in $(packages); do
	found=$(go test "./$dir" -list '^Fuzz') || die "$found"
	while read -r name; do
		[[ $name =~ ${ONLY:-.} ]] || continue
		execute "$time"
		# One that starts a server may need the whole time for that.
		[ "$n" -gt 0 ] || execute 200x
		[ "$n" -gt 0 ] || failed+=("$dir $name (not executed)")
		printf '%-28s %-16s %10d executions\n' "$dir" "$name" "$n"
		total=$((total + n)) targets=$((targets + 1))
	done < <(grep '^Fuzz' <<<"$found")
done
[ "$targets" -gt 0 ] || die "no fuzz target found"
[ ${#failed[@]} -eq 0 ] || die "failed:" "${failed[@]}"
printf '%d targets, %s each, %d executions\n' "$targets" "$time" "$total"
