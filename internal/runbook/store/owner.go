package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Owner is who asks for a lock, and for which run.
type Owner struct {
	Host string `json:"host"`
	// Machine is of the running kernel, "" where it has no id: two machines may have one host name.
	Machine string `json:"machine,omitempty"`
	PID     int    `json:"pid"`
	User    string `json:"user"`
	Run     string `json:"run"`
}

// Me is this process, for a run.
func Me(run string) Owner {
	o := Owner{PID: os.Getpid(), Run: run, Host: "unknown host", User: "unknown user"}
	// See random(4): a new id at each boot, the same in all containers of a machine.
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		o.Machine = short(strings.TrimSpace(string(id)))
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		o.Host = host
	}
	if u, err := user.Current(); err == nil {
		o.User = u.Username
	}
	return o
}

func (o Owner) String() string {
	return fmt.Sprintf("%s on %s (process %d, run %s)", o.User, o.Host, o.PID, o.Run)
}

func (o Owner) redacted(r *journal.Redactor) Owner {
	o.Host, o.User, o.Run = r.String(o.Host), r.String(o.User), r.String(o.Run)
	return o
}

// Holder is an owner who has a lock.
type Holder struct {
	Owner
	Fence int64     `json:"fence"` // higher than that of any holder before
	Since time.Time `json:"since"`
	Until time.Time `json:"until"` // unless renewed
	Nonce string    `json:"nonce"` // tells two apart even where somebody deleted the fence's memory
}

func (h Holder) same(o Holder) bool { return h.Fence == o.Fence && h.Nonce == o.Nonce }

// Takeover says from whom a lock was taken over.
type Takeover struct {
	From Holder
	Why  string // "" when it was not
}

func (t Takeover) entry(fence int64) journal.LockTakenOver {
	return journal.LockTakenOver{
		From:  fmt.Sprintf("%s, since %s", t.From.Owner, stamp(t.From.Since)),
		Run:   t.From.Run,
		Why:   t.Why,
		Fence: fence,
	}
}

func expired(h Holder) string { return "its lease ran out at " + stamp(h.Until) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// short is a name for a target that any file system and any label takes.
func short(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:16])
}
