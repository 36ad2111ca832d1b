package httpapi

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// setDefaults gives every field with a `default` tag that value.
func setDefaults(v reflect.Value) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		value, ok := f.Tag.Lookup("default")
		if !ok {
			continue
		}
		field := v.FieldByIndex(f.Index)
		var err error
		switch {
		case field.Kind() == reflect.String:
			field.SetString(value)
		case field.Kind() == reflect.Bool:
			var b bool
			b, err = strconv.ParseBool(value)
			field.SetBool(b)
		case field.CanInt():
			var n int64
			n, err = strconv.ParseInt(value, 10, 64)
			field.SetInt(n)
		case field.CanFloat():
			var x float64
			x, err = strconv.ParseFloat(value, 64)
			field.SetFloat(x)
		default:
			err = errors.ErrUnsupported
		}
		if err != nil {
			panic(fmt.Sprintf("%s.%s: default %q: %v", v.Type(), f.Name, value, err))
		}
	}
}
