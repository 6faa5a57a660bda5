package report_test

import (
	"strings"
	"testing"
)

func TestHTMLByKeyboard(t *testing.T) {
	browser(t)
	d := use(t, write(t, fleet(100)))
	const focused = `(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent)`

	d.press("Tab")
	if got := d.eval(focused); got != "Skip to the root causes" {
		t.Errorf("the first stop is %q", got)
	}
	d.eval(`document.querySelector('#tiles .tile').focus()`)
	d.press("ArrowRight", "ArrowRight")
	if got := d.eval(focused); got != "cluster-00002, unhealthy" {
		t.Errorf("two to the right is %q", got)
	}
	if got := d.eval(`document.getElementById('about').textContent`); !strings.HasSuffix(got,
		"memberships/cluster-00002: unhealthy; unhealthy: Revision(s) reporting unhealthy (2 findings)") {
		t.Errorf("the tile is described as %q", got)
	}
	d.press("ArrowDown", "ArrowUp")
	if got := d.eval(focused); got != "cluster-00002, unhealthy" {
		t.Errorf("down and up again is %q", got)
	}
	d.press("End")
	if got := d.eval(focused); got != "cluster-00099, healthy" {
		t.Errorf("the end is %q", got)
	}
	d.press("ArrowRight", "Home", "ArrowLeft")
	if got := d.eval(focused + ` + ' ' + document.querySelectorAll('.tile[tabindex="0"]').length`); got != "cluster-00000, unhealthy 1" {
		t.Errorf("the start is %q", got)
	}
	d.press("Enter")
	d.until(`document.getElementById('shown').textContent.startsWith('2 of ')`)
	if got := d.eval(`location.hash`); !strings.Contains(got, "cluster-00000") {
		t.Errorf("the address is %q and cannot be linked", got)
	}
}

func TestHTMLSearch(t *testing.T) {
	browser(t)
	d := use(t, write(t, broken()))
	d.eval(`document.getElementById('q').focus()`)
	d.call("Input.insertText", map[string]any{"text": "FAILED_precondition cart"}, nil)
	d.until(`document.getElementById('shown').textContent === '1 of 6 findings'`)
	if got := d.eval(`location.hash`); got != "#q=FAILED_precondition+cart" {
		t.Errorf("the address is %q", got)
	}
	d.eval(`document.querySelector('#list .by a').click()`)
	d.until(`document.getElementById('q').value === 'f-binding' && document.querySelectorAll('#list > li').length === 1`)
	d.eval(`document.querySelector('a[href="#verdict=unknown"]').click()`)
	d.until(`document.getElementById('verdict').value === 'unknown' && document.getElementById('shown').textContent === '1 of 6 findings'`)
	if got := d.eval(`document.querySelector('.count[aria-current]').textContent.trim()`); !strings.Contains(got, "unknown") {
		t.Errorf("%q is marked", got)
	}
	d.eval(`document.getElementById('clear').click()`)
	d.until(`document.getElementById('shown').textContent === '6 findings' && document.querySelectorAll('.dim').length === 0`)
}

// Text has to stand out from its ground in both schemes: 4.5 to 1 (WCAG 2.2, 1.4.3).
func TestHTMLContrast(t *testing.T) {
	browser(t)
	d := use(t, write(t, broken()))
	for _, scheme := range []string{"light", "dark"} {
		d.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		d.until(`matchMedia('(prefers-color-scheme: ` + scheme + `)').matches`)
		if got := d.eval(contrast); got != "" {
			t.Errorf("%s:\n%s", scheme, got)
		}
	}
	if light, dark := d.eval(`getComputedStyle(document.body).backgroundColor`), "rgb(245, 246, 249)"; light == dark {
		t.Error("the dark scheme is as light as the other")
	}
}

// contrast lists the elements whose text is too faint.
const contrast = `(() => {
  const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return { rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1 }; };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim() !== '');
    if (!own && !e.matches('.tile, .cell, .mark')) continue;
    if (['SCRIPT', 'STYLE', 'NOSCRIPT', 'TITLE', 'OPTION'].includes(e.tagName) || e.closest('svg') || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color).rgb), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.add(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
  }
  return [...faint].join('\n');
})()`
