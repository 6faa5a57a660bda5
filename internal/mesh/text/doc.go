// Package text recognises messages of Google's APIs and controllers in text as people paste it: wrapped, coloured, escaped, prefixed
// by a log, translated. It is the only place that looks at the text of a message; the rooms above decide by status and reason first.
package text
