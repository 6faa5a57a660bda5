package sim

import (
	"fmt"
	"io"
	"net/http"
)

// maxBody bounds a request's body; Google's own limit is about 10 MB.
const maxBody = 10 << 20

// readBody reads an API request's body up to the limit.
func readBody(r *http.Request) ([]byte, error) { return readLimited(r, maxBody) }

func readLimited(r *http.Request, most int64) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("the request's body is larger than %d bytes", most)
	}
	return b, err
}
