package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pasted is a text as a person pastes it, made readable and searchable: without
// colours, escapes, line prefixes and the breaks of lines.
type Pasted struct {
	Text string // on one line, blanks single, quotes and punctuation as foldMessage has them
	// squeezed is text in lower case without blanks, quotes and asterisks, so that
	// a message is found however it is wrapped; at[i] is where squeezed[i] is in text.
	Squeezed string
	at       []int32
}

// NewPasted makes a text readable and searchable.
func NewPasted(raw string) *Pasted {
	p := &Pasted{Text: readable(raw)}
	b := make([]byte, 0, len(p.Text))
	p.at = make([]int32, 0, len(p.Text)+1)
	for i := 0; i < len(p.Text); i++ {
		c := p.Text[i]
		switch {
		case c == ' ' || c == '"' || c == '*':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		b, p.at = append(b, c), append(p.at, int32(i))
	}
	p.Squeezed = string(b)
	return p
}

// Squeeze is what newPasted makes of a text that holds no noise.
func Squeeze(text string) string { return NewPasted(text).Squeezed }

// Hits calls do with where in text each occurrence of a squeezed key begins and where it ends, until do returns false.
// It gives up after a number of them, so that a log of one line repeated does not take longer than it is long.
func (p *Pasted) Hits(key string, do func(start, end int) bool) {
	const most = 2000
	for from, n := 0, 0; n < most; n++ {
		i := strings.Index(p.Squeezed[from:], key)
		if i < 0 {
			return
		}
		i += from
		if !do(int(p.at[i]), int(p.at[i+len(key)-1])+1) {
			return
		}
		from = i + len(key)
	}
}

// Window is the text from before start to after end, cut at whole runes.
func (p *Pasted) Window(start, before, end, after int) string {
	from, to := max(0, start-before), min(len(p.Text), end+after)
	for from < start && !utf8.RuneStart(p.Text[from]) {
		from++
	}
	for to < len(p.Text) && !utf8.RuneStart(p.Text[to]) {
		to++
	}
	return p.Text[from:to]
}

// readable undoes what logs, JSON, terminals and mails do to a message. It is one pass, and looks ahead a bounded way.
func readable(raw string) string {
	var b strings.Builder
	b.Grow(len(raw))
	blank := true // at the start no blank is wanted
	put := func(s string) {
		s = FoldMessage(s)
		if s == "" {
			return
		}
		b.WriteString(s)
		blank = false
	}
	space := func() {
		if !blank {
			b.WriteByte(' ')
			blank = true
		}
	}
	for i := linePrefix(raw); i < len(raw); {
		c := raw[i]
		switch {
		case c == '\n' || c == '\r':
			space()
			i++
			i += linePrefix(raw[i:])
		case c == ' ' || c == '\t':
			space()
			i++
		case c == 0x1b:
			i += 1 + colour(raw[i+1:])
		case c == '\\':
			n, decoded, line := unescape(raw[i:])
			i += n
			switch {
			case decoded == 0x1b:
				i += colour(raw[i:])
			case decoded == 0:
			case unicode.IsSpace(decoded):
				space()
			default:
				put(string(decoded))
			}
			if line {
				i += linePrefix(raw[i:])
			}
		case c == '&':
			n, decoded := entity(raw[i:])
			i += n
			put(decoded)
		case c < utf8.RuneSelf && c > ' ' && c != '\'' && c != '`' && c != 0x7f:
			b.WriteByte(c)
			blank = false
			i++
		default:
			r, size := utf8.DecodeRuneInString(raw[i:])
			i += size
			switch {
			case r >= 0x2500 && r <= 0x257f, unicode.IsSpace(r), unicode.IsControl(r): // frames that terminals draw
				space()
			default:
				put(string(r))
			}
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// colour is the length of what follows an ESC of a terminal's control sequence.
func colour(s string) int {
	const most = 64
	if s == "" || s[0] != '[' && s[0] != ']' {
		return 0
	}
	for i := 1; i < len(s) && i < most; i++ {
		if s[0] == '[' && s[i] >= 0x40 && s[i] <= 0x7e || s[0] == ']' && s[i] == 0x07 {
			return i + 1
		}
	}
	return 1
}

// unescape reads backslashes and what they stand for, in JSON, in Go or in a
// shell, escaped once or several times: how long it is, the rune (0 for none), and
// whether that is the end of a line.
func unescape(s string) (n int, decoded rune, line bool) {
	for n < len(s) && s[n] == '\\' {
		n++
	}
	if n == len(s) {
		return n, 0, false
	}
	rest := s[n:]
	hex := func(from, digits int) (rune, bool) {
		if len(rest) < from+digits {
			return 0, false
		}
		var r rune
		for _, c := range []byte(rest[from : from+digits]) {
			d := strings.IndexByte("0123456789abcdef", c|0x20)
			if d < 0 || c < '0' {
				return 0, false
			}
			r = r<<4 | rune(d)
		}
		return r, true
	}
	switch rest[0] {
	case 'n', 'r':
		return n + 1, '\n', true
	case 't':
		return n + 1, ' ', false
	case '\n', '\r':
		return n + 1, ' ', true
	case 'e':
		if strings.HasPrefix(rest, "e[") {
			return n + 1, 0x1b, false
		}
	case '0':
		if strings.HasPrefix(rest, "033[") {
			return n + 3, 0x1b, false
		}
	case 'x':
		if r, ok := hex(1, 2); ok && r < utf8.RuneSelf {
			return n + 3, r, false
		}
	case 'u':
		if r, ok := hex(1, 4); ok {
			return n + 5, r, false
		}
	}
	return n, 0, false // what follows the backslashes speaks for itself
}

var entities = []struct{ name, means string }{
	{"&quot;", `"`}, {"&#34;", `"`}, {"&#39;", `"`}, {"&apos;", `"`}, {"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&nbsp;", ""},
}

func entity(s string) (n int, means string) {
	for _, e := range entities {
		if strings.HasPrefix(s, e.name) {
			return len(e.name), e.means
		}
	}
	return 1, "&"
}

// linePrefix is the length of the prefix before a message at the start of a
// line: blanks, frames, marks of a quoted mail, and one timestamp.
func linePrefix(s string) int {
	n, stamped := 0, false
	for n < len(s) {
		rest := s[n:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == '\n' || r == '\r':
			return n
		case unicode.IsSpace(r), r == '>', r >= 0x2500 && r <= 0x257f:
			n += size
			continue
		}
		if stamped {
			return n
		}
		stamp := timestamp(rest)
		if stamp == 0 {
			return n
		}
		n, stamped = n+stamp, true
	}
	return n
}

// timestamp is the length of a timestamp at the start of a line, as RFC 3339 or
// loosely so, or of klog's header ("E1122 13:40:29.000000    1234 file.go:12]");
// else 0.
func timestamp(s string) int {
	digits := func(at int, layout string) bool {
		if len(s) < at+len(layout) {
			return false
		}
		for i := range len(layout) {
			c := s[at+i]
			if layout[i] == '0' && (c < '0' || c > '9') || layout[i] != '0' && c != layout[i] {
				return false
			}
		}
		return true
	}
	open := 0
	if strings.HasPrefix(s, "[") {
		open = 1
	}
	switch {
	case digits(open, "0000-00-00"):
		n := open + len("0000-00-00")
		if n < len(s) && (s[n] == 'T' || s[n] == ' ') && digits(n+1, "00:00:00") {
			n += len("T00:00:00")
		}
		for n < len(s) && n < 48 && strings.IndexByte("0123456789.,:+-Z]", s[n]) >= 0 {
			n++
		}
		return n
	case strings.IndexByte("IWEF", s[0]) >= 0 && digits(1, "0000 00:00:00."):
		if end := strings.Index(s[:min(len(s), 120)], "] "); end >= 0 {
			return end + 2
		}
	}
	return 0
}

// FoldMessage brings what may vary without a meaning to one form: any white
// space to a blank, full-width punctuation and typographic quotes to ASCII.
func FoldMessage(message string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= '\uff01' && r <= '\uff5e' { // full-width forms of ASCII, in its order
			r -= '\uff01' - '!'
		}
		switch r {
		case '\u3001': // ideographic comma
			return ','
		case '\u3002': // ideographic full stop
			return '.'
		case '\u201c', '\u201d', '\u2018', '\u2019', '\u300c', '\u300d', '\'', '`':
			return '"'
		case '\u200b', '\ufeff': // zero width: copied from web pages
			return -1
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, message))
}
