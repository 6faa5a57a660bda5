package report_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// devtools speaks the Chrome DevTools Protocol over a pipe, to use a page in a browser.
type devtools struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	id      int
}

// use opens a page in a browser that can be used.
func use(t *testing.T, path string) *devtools {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	command := exec.CommandContext(ctx, browser(t), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking",
		"--user-data-dir="+profile(t), "--window-size=1280,900", "--remote-debugging-pipe", "about:blank")
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.ExtraFiles = []*os.File{theirIn, theirOut} // file descriptors 3 and 4
	command.WaitDelay = 5 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	d := &devtools{t: t, to: ourOut, from: bufio.NewReader(ourIn)}
	t.Cleanup(func() {
		// Asked to, it ends its own processes; then its folder can go.
		fmt.Fprintf(ourOut, `{"id":0,"method":"Browser.close"}%c`, 0)
		_ = command.Wait()
		cancel()
		ourOut.Close()
		ourIn.Close()
	})
	var targets struct {
		TargetInfos []struct{ TargetID, Type string }
	}
	d.call("Target.getTargets", nil, &targets)
	for _, target := range targets.TargetInfos {
		if target.Type == "page" {
			var attached struct{ SessionID string }
			d.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
			d.session = attached.SessionID
		}
	}
	address := url.URL{Scheme: "file", Path: path}
	d.call("Page.navigate", map[string]any{"url": address.String()}, nil)
	d.until(`document.readyState === 'complete' && document.getElementById('shown').textContent !== ''`)
	return d
}

// call makes a request and reads its answer; what the browser tells in between is passed over.
func (d *devtools) call(method string, params, into any) {
	d.t.Helper()
	d.id++
	message, err := json.Marshal(map[string]any{"id": d.id, "method": method, "params": params, "sessionId": d.session})
	if err != nil {
		d.t.Fatal(err)
	}
	if d.session == "" {
		message = []byte(strings.Replace(string(message), `,"sessionId":""`, "", 1))
	}
	if params == nil {
		message = []byte(strings.Replace(string(message), `"params":null`, `"params":{}`, 1))
	}
	if _, err := d.to.Write(append(message, 0)); err != nil {
		d.t.Fatal(err)
	}
	for {
		text, err := d.from.ReadBytes(0)
		if err != nil {
			d.t.Fatal(method, ": ", err)
		}
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			d.t.Fatal(err)
		}
		switch {
		case answer.ID != d.id:
		case answer.Error != nil:
			d.t.Fatal(method, ": ", answer.Error.Message)
		default:
			if into != nil {
				if err := json.Unmarshal(answer.Result, into); err != nil {
					d.t.Fatal(err)
				}
			}
			return
		}
	}
}

// eval is the value of an expression, as text.
func (d *devtools) eval(expression string) string {
	d.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	d.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.ExceptionDetails != nil {
		d.t.Fatal(expression, ": ", answer.ExceptionDetails.Text)
	}
	return fmt.Sprint(answer.Result.Value)
}

// until waits for an expression to be true.
func (d *devtools) until(expression string) {
	d.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for d.eval("String(Boolean((() => { try { return "+expression+" } catch { return false } })()))") != "true" {
		if time.Now().After(deadline) {
			d.t.Fatal("never true: ", expression)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// press presses keys one after the other.
func (d *devtools) press(keys ...string) {
	d.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
	for _, key := range keys {
		params := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
		if key == "Enter" {
			params["text"] = "\r"
		}
		d.call("Input.dispatchKeyEvent", params, nil)
		params = map[string]any{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
		d.call("Input.dispatchKeyEvent", params, nil)
	}
}
