package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// AppendError says which entry could not be stored, and what that means.
type AppendError struct {
	Journal string
	Seq     int64
	Kind    Kind
	cause   error
}

func (e *AppendError) Error() string {
	text := fmt.Sprintf("cannot record %s (entry %d) in %s: %v", e.Kind, e.Seq, e.Journal, e.cause)
	switch {
	case e.Seq == 1:
		text += "\n\nNothing was changed."
	case e.Kind == KindActIntended:
		text += "\n\nWhat it announces was not done. Resume the run when the cause is gone."
	case e.Kind == KindActDone || e.Kind == KindActFailed:
		text += "\n\nThe change that it records was tried. Resume the run when the cause is gone: " +
			"it checks how that ended before it does anything."
	default:
		text += "\n\nNothing more is done without a record. Resume the run when the cause is gone."
	}
	if next := remedy(e.cause); next != "" {
		text += " " + next
	}
	return text
}

func (e *AppendError) Unwrap() error { return e.cause }

// remedy is what a person can do about a file system that refuses.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return "Make room on the disk, or keep runs elsewhere: set XDG_STATE_HOME to a folder with room."
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "The folder has to be writable; set XDG_STATE_HOME to one that is."
	}
	return ""
}
