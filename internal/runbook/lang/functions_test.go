package lang_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Every expression here is true.
func TestFunctions(t *testing.T) {
	covered := map[string]bool{}
	for _, expr := range []string{
		`revision("Rapid") == "asm-managed-rapid"`,
		`workload_pool("shop-1") == "shop-1.svc.id.goog"`,
		`service_agent("123456789012") == "service-123456789012@gcp-sa-servicemesh.iam.gserviceaccount.com"`,
		`parse_membership("//gkehub.googleapis.com/projects/shop-1/locations/global/memberships/m").id == "projects/shop-1/locations/global/memberships/m"`,
		`format("%s-%03d", "a", 7) == "a-007"`,
		`join(", ", ["a", "b"], ["c"]) == "a, b, c"`,
		`split(",", "a,b") == tolist(["a", "b"])`,
		`lower("A") == "a" && upper("a") == "A"`,
		`replace("a.b.c", ".", "/") == "a/b/c"`,
		`regex("[0-9]+", "a12b") == "12"`,
		`substr("hello", 1, 3) == "ell"`,
		`trimspace(" a ") == "a" && trimprefix("ab", "a") == "b" && trimsuffix("ab", "b") == "a"`,
		`startswith("ab", "a") && endswith("ab", "b") && strcontains("abc", "b")`,
		`length("äb") == 2 && length([1]) == 1 && length({ a = 1 }) == 1 && length(toset(["a"])) == 1`,
		`contains(["a"], "a") && !contains(["a"], "b")`,
		`lookup({ a = "x" }, "b", "y") == "y"`,
		`keys({ b = 1, a = 2 }) == ["a", "b"] && values({ b = 1, a = 2 }) == [2, 1]`,
		`merge({ a = 1 }, { a = 2 }).a == 2`,
		`concat([1], [2]) == [1, 2] && flatten([[1], [2]]) == [1, 2]`,
		`compact(["a", ""]) == tolist(["a"]) && distinct(["a", "a"]) == tolist(["a"])`,
		`sort(["b", "a"]) == tolist(["a", "b"]) && reverse([1, 2]) == [2, 1]`,
		`slice([1, 2, 3], 1, 2) == [2] && element([1, 2], 3) == 2`,
		`zipmap(["a"], [1]) == { a = 1 }`,
		`setunion(["a"], ["b"]) == toset(["a", "b"]) && setintersection(["a"], ["a", "b"]) == toset(["a"]) && setsubtract(["a", "b"], ["b"]) == toset(["a"])`,
		`alltrue([]) && !alltrue([true, false]) && anytrue([false, true]) && !anytrue([])`,
		`min(1, 2) == 1 && max(1, 2) == 2 && abs(-1) == 1 && ceil(1.2) == 2 && floor(1.2) == 1`,
		`coalesce("", null, "a") == "a" && !can(coalesce("", null))`,
		`try(target.name.x, "y") == "y"`,
		`tostring(1) == "1" && tonumber("1") == 1 && tobool("true") && tolist(["a"])[0] == "a" && tomap({ a = 1 })["a"] == 1`,
		`jsonencode({ a = 1 }) == "{\"a\":1}" && jsondecode("[1]") == [1]`,
	} {
		src := "runbook \"r\" {\n title = \"T\"\n step \"a\" {\n assert {\n condition = " + expr + "\n error_message = target.name\n }\n }\n}\n"
		c := catalogue(t)
		file, diags := lang.Check("r.hcl", []byte(src), c)
		if diags.HasErrors() {
			t.Errorf("%s", render(t, diags, file))
			continue
		}
		s := scope(t, file.Runbooks[0], c, nil, target(nil))
		if holds, _, diags := file.Runbooks[0].Step("a").Action.Holds(s, lang.Instance{}); len(diags) > 0 || !holds.RawEquals(cty.True) {
			t.Errorf("%s is %#v %v", expr, holds, diags)
		}
		for _, f := range lang.Functions() {
			if containsCall(expr, f.Name()) {
				covered[f.Name()] = true
			}
		}
	}
	for _, f := range lang.Functions() {
		if !covered[f.Name()] {
			t.Errorf("%s is not tested", f.Name())
		}
	}
}

func containsCall(expr, name string) bool {
	for i := 0; i+len(name) < len(expr); i++ {
		if expr[i:i+len(name)] == name && expr[i+len(name)] == '(' && (i == 0 || expr[i-1] < 'a' || expr[i-1] > 'z') {
			return true
		}
	}
	return false
}
