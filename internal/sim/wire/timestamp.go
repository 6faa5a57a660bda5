package wire

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Timestamp is a point in simulated time. It is written as Google writes
// it: RFC 3339 in UTC with no, three or six decimals.
type Timestamp struct{ time.Time }

// At makes a Timestamp of a time, to the microsecond.
func At(t time.Time) Timestamp { return Timestamp{t.UTC().Truncate(time.Microsecond)} }

// String formats the timestamp for the wire.
func (t Timestamp) String() string {
	switch {
	case t.Nanosecond() == 0:
		return t.UTC().Format("2006-01-02T15:04:05Z")
	case t.Nanosecond()%int(time.Millisecond) == 0:
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	default:
		return t.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
}

// MarshalJSON implements json.Marshaler.
func (t Timestamp) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("%q is not an RFC 3339 time", s)
	}
	*t = At(v)
	return nil
}

// A Duration is a time span in the world document, written as Go writes durations: "5m0s", "200ms".
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 5m or 200ms", s)
	}
	*d = Duration(v)
	return nil
}
