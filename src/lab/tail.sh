
# The sessions end by themselves.
for session in $sessions; do
    wait "$session" || :
done
# Last segments are still on their way.
sleep 1
# shellcheck disable=SC2086 # a list of numbers
kill $captors 2>/dev/null || :
# shellcheck disable=SC2086
wait $captors 2>/dev/null || :
captors=''
printf '%s\n' "captures: $captures"
