package journal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// KeyVariable names the file with the key that approvals are signed with, where executors on several machines resume
// each other's runs.
const KeyVariable = "ASM_RUNBOOK_APPROVAL_KEY_FILE"

// A Signer signs the approvals that a journal keeps. The chain of hashes proves only that a journal is whole: anyone who
// can write to it can append to it, or write all of it again. The signature proves that an approval was recorded by an
// executor that has the key, which is kept elsewhere.
type Signer struct{ path string }

// NewSigner uses the key in a file. A missing file is made, with a random key that only its owner may read, when the
// first approval is signed.
func NewSigner(path string) *Signer { return &Signer{path} }

// DefaultSigner uses the file that KeyVariable names, else approval.key beside the default folder of runs, in the user's
// own state folder also where --state-dir names another. It is nil, and nil signs nothing, where there is no such folder.
func DefaultSigner(runs string) *Signer {
	if path := os.Getenv(KeyVariable); path != "" {
		return NewSigner(path)
	}
	if runs == "" {
		return nil
	}
	return NewSigner(filepath.Join(filepath.Dir(runs), "approval.key"))
}

// Agreed is what a signature binds an approval to beside its own fields.
type Agreed struct {
	Start            string         `json:"start"` // hash of the journal's first entry: run, target, runbook and inputs
	Subject          string         `json:"subject"`
	Current, Desired map[string]any // as the approver was shown them
}

// Sign returns the signature of an approval; "" for a nil Signer. The error is of a key that cannot be read or made.
func (s *Signer) Sign(a Approval, of Agreed) (string, error) {
	if s == nil {
		return "", nil
	}
	key, err := s.key()
	if errors.Is(err, fs.ErrNotExist) {
		key, err = s.create()
	}
	if err != nil {
		return "", err
	}
	return sign(key, a, of)
}

// Genuine reports whether an approval was signed with the key for this very act. Without the key nothing is genuine.
func (s *Signer) Genuine(a Approval, of Agreed) bool {
	if s == nil || a.Signature == "" {
		return false
	}
	key, err := s.key()
	if err != nil {
		return false
	}
	want, err := sign(key, a, of)
	return err == nil && hmac.Equal([]byte(want), []byte(a.Signature))
}

func sign(key []byte, a Approval, of Agreed) (string, error) {
	a.Signature, a.Expires = "", a.Expires.UTC().Round(0)
	fields, err := generic([]any{"approval/1", a, of})
	if err != nil {
		return "", err
	}
	text, err := canonical(fields)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

const keySize = 32 // bytes, as many as the SHA-256 gives

func (s *Signer) key() ([]byte, error) {
	text, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < keySize {
		return nil, fmt.Errorf("%s does not hold a key for approvals: at least %d random bytes in hexadecimal, as \"openssl rand -hex 32\" "+
			"writes them",
			s.path, keySize)
	}
	return key, nil
}

// create makes the file. Of two executors that make it at once one wins, and both use its key.
func (s *Signer) create() ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the folder for the key that approvals are signed with: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.path), ".approval-key-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("cannot make the key that approvals are signed with: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(hex.EncodeToString(key) + "\n")
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return nil, fmt.Errorf("cannot make the key that approvals are signed with: %w", err)
	}
	if err := os.Link(temporary.Name(), s.path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("cannot make the key that approvals are signed with: %w", err)
	}
	return s.key()
}

// Capped is the time until which an approval holds: what it says, and at most longest after now.
func Capped(expires, now time.Time, longest time.Duration) time.Time {
	if limit := now.Add(longest); expires.After(limit) {
		return limit
	}
	return expires
}
