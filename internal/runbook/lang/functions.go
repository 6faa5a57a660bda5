package lang

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Function is a function that expressions can call.
type Function struct {
	Usage string `json:"usage"` // how it is called: join(separator, list)
	Doc   string `json:"doc"`
	Group string `json:"group"`
	call  function.Function
}

// Name is the function's name.
func (f Function) Name() string { name, _, _ := strings.Cut(f.Usage, "("); return name }

// Functions lists the functions by group, as the documentation does. All are pure:
// none knows the time, reads a file or has a random outcome, so that a plan and its run see the same.
func Functions() []Function { return slices.Clone(functions) }

const (
	groupMesh       = "Mesh"
	groupText       = "Text"
	groupCollection = "Collections"
	groupNumber     = "Numbers"
	groupConversion = "Conversion"
)

var functions = slices.Concat(meshFunctions, []Function{
	{"format(format, values...)", "Text with `%s`, `%d` and so on replaced by the values.", groupText,
		guarded(stdlib.FormatFunc, checkFormat)},
	{"join(separator, lists...)", "Elements of lists of strings, with a separator in between.", groupText,
		guarded(stdlib.JoinFunc, checkJoin)},
	{"split(separator, text)", "List of the parts of a text between separators.", groupText, stdlib.SplitFunc},
	{"lower(text)", "Text in lower case.", groupText, stdlib.LowerFunc},
	{"upper(text)", "Text in upper case.", groupText, stdlib.UpperFunc},
	{"replace(text, part, by)", "Text with every occurrence of a part replaced. The part is taken literally.", groupText,
		guarded(stdlib.ReplaceFunc, checkReplace)},
	{"regex(pattern, text)", "What a regular expression (RE2) matches: a string, or a list or object of its groups. Fails when nothing " +
		"matches.", groupText, stdlib.RegexFunc},
	{"substr(text, offset, length)", "Part of a text. A negative offset counts from the end, a length of -1 goes to the end.", groupText,
		stdlib.SubstrFunc},
	{"trimspace(text)", "Text without white space around it.", groupText, stdlib.TrimSpaceFunc},
	{"trimprefix(text, prefix)", "Text without a prefix.", groupText, stdlib.TrimPrefixFunc},
	{"trimsuffix(text, suffix)", "Text without a suffix.", groupText, stdlib.TrimSuffixFunc},
	{"startswith(text, prefix)", "Whether a text starts so.", groupText, textTest(strings.HasPrefix)},
	{"endswith(text, suffix)", "Whether a text ends so.", groupText, textTest(strings.HasSuffix)},
	{"strcontains(text, part)", "Whether a text contains another.", groupText, textTest(strings.Contains)},

	{"length(value)", "Number of elements of a collection, or of characters of a text.", groupCollection, lengthFunction},
	{"contains(list, value)", "Whether a list or set has an element.", groupCollection, stdlib.ContainsFunc},
	{"lookup(map, key, default)", "Value of a key, or the default where the key is missing.", groupCollection, stdlib.LookupFunc},
	{"keys(map)", "Keys, sorted.", groupCollection, stdlib.KeysFunc},
	{"values(map)", "Values, in the order of their keys.", groupCollection, stdlib.ValuesFunc},
	{"merge(maps...)", "One map of several; a later one wins.", groupCollection, stdlib.MergeFunc},
	{"concat(lists...)", "One list of several.", groupCollection, stdlib.ConcatFunc},
	{"flatten(list)", "List with the lists inside of it replaced by their elements.", groupCollection, stdlib.FlattenFunc},
	{"compact(list)", "List of strings without those that are empty or null.", groupCollection, stdlib.CompactFunc},
	{"distinct(list)", "List without repetitions.", groupCollection, distinctFunction},
	{"sort(list)", "List of strings, sorted.", groupCollection, stdlib.SortFunc},
	{"reverse(list)", "List from its end.", groupCollection, stdlib.ReverseListFunc},
	{"slice(list, from, to)", "Elements from one index up to and without another.", groupCollection, stdlib.SliceFunc},
	{"element(list, index)", "Element at an index, counted round.", groupCollection, stdlib.ElementFunc},
	{"zipmap(keys, values)", "Map of two lists.", groupCollection, stdlib.ZipmapFunc},
	{"setunion(sets...)", "Elements that are in any of the sets.", groupCollection, stdlib.SetUnionFunc},
	{"setintersection(sets...)", "Elements that are in all of the sets.", groupCollection, stdlib.SetIntersectionFunc},
	{"setsubtract(a, b)", "Elements of a that are not in b.", groupCollection, stdlib.SetSubtractFunc},
	{"alltrue(list)", "Whether every element is true. Of an empty list it is.", groupCollection, truth(true)},
	{"anytrue(list)", "Whether any element is true.", groupCollection, truth(false)},

	{"min(numbers...)", "Least of the numbers.", groupNumber, stdlib.MinFunc},
	{"max(numbers...)", "Greatest of the numbers.", groupNumber, stdlib.MaxFunc},
	{"abs(number)", "Number without its sign.", groupNumber, stdlib.AbsoluteFunc},
	{"ceil(number)", "Next whole number up.", groupNumber, stdlib.CeilFunc},
	{"floor(number)", "Next whole number down.", groupNumber, stdlib.FloorFunc},

	{"coalesce(values...)", "First value that is neither null nor an empty text.", groupConversion, coalesceFunction},
	{"try(expressions...)", "First expression that evaluates without an error.", groupConversion, tryfunc.TryFunc},
	{"can(expression)", "Whether an expression evaluates without an error.", groupConversion, tryfunc.CanFunc},
	{"tostring(value)", "Value as a string.", groupConversion, stdlib.MakeToFunc(cty.String)},
	{"tonumber(value)", "Value as a number.", groupConversion, stdlib.MakeToFunc(cty.Number)},
	{"tobool(value)", "Value as a bool.", groupConversion, stdlib.MakeToFunc(cty.Bool)},
	{"tolist(value)", "Value as a list.", groupConversion, stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType))},
	{"toset(value)", "Value as a set.", groupConversion, stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType))},
	{"tomap(value)", "Value as a map.", groupConversion, stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType))},
	{"jsonencode(value)", "Value as JSON.", groupConversion, stdlib.JSONEncodeFunc},
	{"jsondecode(text)", "Value of a JSON text.", groupConversion, stdlib.JSONDecodeFunc},
})

var (
	callables = func() map[string]Function {
		m := map[string]Function{}
		for _, f := range functions {
			m[f.Name()] = f
		}
		return m
	}()
	callable = func() map[string]function.Function {
		m := map[string]function.Function{}
		for name, f := range callables {
			m[name] = f.call
		}
		return m
	}()
)

func functionNames() []string { return slices.Sorted(maps.Keys(callables)) }

// guarded calls check with what a function is about to be called with, so that a
// result of many times its arguments is refused before it takes the memory.
func guarded(f function.Function, check func(args []cty.Value) error) function.Function {
	spec := &function.Spec{
		Description: f.Description(),
		Params:      f.Params(),
		VarParam:    f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := check(args); err != nil {
				return cty.DynamicPseudoType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	}
	return function.New(spec)
}

var errTooLarge = fmt.Errorf("the result would be larger than %d bytes", MaxValue)

// verb matches a verb of format: its flags, width, precision and argument's index.
var verb = regexp.MustCompile(`%([^a-zA-Z%]*)[a-zA-Z]`)

// widths matches the numbers in a verb, without the index of its argument.
var widths = regexp.MustCompile(`\[[0-9]*\]|[0-9]+`)

// checkFormat adds up what the verbs can make: each its width and precision, and the argument that it shows.
func checkFormat(args []cty.Value) error {
	text, ok := stringOf(args[0])
	if !ok {
		return nil
	}
	largest, all := 0, 0
	for _, a := range args[1:] {
		left := MaxValue
		if !fits(a, &left) {
			return errTooLarge
		}
		all += MaxValue - left
		largest = max(largest, MaxValue-left)
	}
	size := len(text) + all
	for _, match := range verb.FindAllStringSubmatch(text, -1) {
		for _, number := range widths.FindAllString(match[1], -1) {
			n, err := strconv.Atoi(number)
			switch {
			case number[0] == '[': // any argument, again and again
				n = largest
			case err != nil:
				n = MaxValue
			}
			if size += n; size > MaxValue {
				return errTooLarge
			}
		}
	}
	return nil
}

func checkJoin(args []cty.Value) error {
	separator, ok := stringOf(args[0])
	if !ok {
		return nil
	}
	size := 0
	for _, l := range args[1:] {
		l, _ = l.UnmarkDeep()
		if !l.IsKnown() || l.IsNull() || !l.CanIterateElements() {
			continue
		}
		for it := l.ElementIterator(); it.Next(); {
			_, e := it.Element()
			text, _ := stringOf(e)
			if size += len(text) + len(separator); size > MaxValue {
				return errTooLarge
			}
		}
	}
	return nil
}

func checkReplace(args []cty.Value) error {
	text, ok := stringOf(args[0])
	part, ok2 := stringOf(args[1])
	by, ok3 := stringOf(args[2])
	if ok && ok2 && ok3 && len(text)+strings.Count(text, part)*len(by) > MaxValue {
		return errTooLarge
	}
	return nil
}

func stringOf(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

func textTest(test func(string, string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// lengthFunction is stdlib's, which knows no strings, together with its strlen.
var lengthFunction = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true}},
	Type: func(args []cty.Value) (cty.Type, error) {
		switch ty := args[0].Type(); {
		case ty == cty.DynamicPseudoType, ty == cty.String, ty.IsCollectionType(), ty.IsTupleType(), ty.IsObjectType():
			return cty.Number, nil
		}
		return cty.Number, function.NewArgErrorf(0, "it must be a string or a collection")
	},
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch ty := args[0].Type(); {
		case ty == cty.DynamicPseudoType:
			return cty.UnknownVal(cty.Number), nil
		case ty == cty.String:
			return stdlib.Strlen(args[0])
		case ty.IsTupleType():
			return cty.NumberIntVal(int64(ty.Length())), nil
		case ty.IsObjectType():
			return cty.NumberIntVal(int64(len(ty.AttributeTypes()))), nil
		}
		return args[0].Length(), nil
	},
})

// distinctFunction is stdlib's, which compares each element with all others.
var distinctFunction = function.New(&function.Spec{
	Params: stdlib.DistinctFunc.Params(),
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(ty), nil
		}
		seen, kept := cty.NewValueSet(ty.ElementType()), []cty.Value{}
		for it := args[0].ElementIterator(); it.Next(); {
			if _, e := it.Element(); !seen.Has(e) {
				seen.Add(e)
				kept = append(kept, e)
			}
		}
		if len(kept) == 0 {
			return cty.ListValEmpty(ty.ElementType()), nil
		}
		return cty.ListVal(kept), nil
	},
})

// coalesceFunction takes an empty string for no value, as Terraform's does and stdlib's does not.
var coalesceFunction = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "values", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		types := make([]cty.Type, len(args))
		for i, a := range args {
			types[i] = a.Type()
		}
		ty, _ := convert.UnifyUnsafe(types)
		if ty == cty.NilType {
			return ty, fmt.Errorf("all arguments must have one type")
		}
		return ty, nil
	},
	Impl: func(args []cty.Value, ty cty.Type) (cty.Value, error) {
		for _, a := range args {
			a, err := convert.Convert(a, ty)
			switch {
			case err != nil:
				return cty.NilVal, err
			case !a.IsKnown():
				return cty.UnknownVal(ty), nil
			case a.IsNull(), a.Type() == cty.String && a.AsString() == "":
				continue
			}
			return a, nil
		}
		return cty.NilVal, fmt.Errorf("every argument is null or empty")
	},
})

// truth is alltrue, or anytrue.
func truth(all bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for it := args[0].ElementIterator(); it.Next(); {
				_, e := it.Element()
				switch {
				case !e.IsKnown():
					unknown = true
				case e.IsNull() || e.True() != all:
					if all || !e.IsNull() {
						return cty.BoolVal(!all), nil
					}
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(all), nil
		},
	})
}
