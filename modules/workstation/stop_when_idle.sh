#!/bin/sh
# Stops the machine once nobody has used it for as many minutes as its metadata say: no SSH connection, hardly any load, no busy
# GPU. Compute Engine runs this at every start; from then on a timer runs it every minute, with the word "look".
set -eu

run="${RUNTIME_DIRECTORY:-/run}/stop-when-idle"
proc="${PROC:-/proc}"

in_use() {
    # Connections, since `who` does not know editors and copies.
    if [ -n "$(ss --no-header --tcp state established '( sport = :22 )')" ]; then
        return 0
    fi
    # The load of the last five minutes: "0.25" is 25 hundredths of a CPU.
    read -r _ load _ <"$proc/loadavg"
    if [ "${load%.*}${load#*.}" -ge 25 ]; then
        return 0
    fi
    command -v nvidia-smi >/dev/null || return 1
    nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits | awk '$1 > 5 { busy = 1 } END { exit !busy }'
}

if [ "${1:-}" != look ]; then
    cp "$0" "$run.sh"
    rm -f "$run.minutes"
    systemctl stop stop-when-idle.timer 2>/dev/null || true
    exec systemd-run --collect --unit=stop-when-idle --on-active=60 --on-unit-active=60 --timer-property=AccuracySec=1s \
        /bin/sh "$run.sh" look
fi

if in_use; then
    rm -f "$run.minutes"
    exit 0
fi
minutes=$(($(cat "$run.minutes" 2>/dev/null || echo 0) + 1))
echo "$minutes" >"$run.minutes"
limit=$(curl --silent --fail --header 'Metadata-Flavor: Google' \
    http://metadata.google.internal/computeMetadata/v1/instance/attributes/idle-minutes)
if [ "$minutes" -ge "$limit" ]; then
    echo "Not used for $minutes minutes: this machine stops now, as its file says."
    shutdown --poweroff now
fi
