package plots

import (
	stdbytes "bytes"
	"fmt"
	"image/png"
	"strings"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	xfont "golang.org/x/image/font"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// dpi is the resolution of PNG, and what the other formats are reduced to as well.
const dpi = 144

const column = vg.Inch / dpi

// encode gives the chart as the bytes of a file.
func (c *chart) encode(format string) ([]byte, error) {
	w, h := vg.Length(c.spec.Width)*vg.Inch, vg.Length(c.spec.Height)*vg.Inch
	var b stdbytes.Buffer
	switch format {
	case "png":
		canvas := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))
		if err := c.render(draw.New(canvas), column); err != nil {
			return nil, err
		}
		e := png.Encoder{CompressionLevel: png.DefaultCompression}
		err := e.Encode(&b, canvas.Image())
		return b.Bytes(), err
	case "svg":
		canvas := vgsvg.New(w, h)
		if err := c.render(draw.New(canvas), column); err != nil {
			return nil, err
		}
		if _, err := canvas.WriteTo(&b); err != nil {
			return nil, err
		}
		return fallbackFonts(b.Bytes()), nil
	case "pdf":
		fixDates()
		canvas := vgpdf.New(w, h)
		if err := c.render(draw.NewCanvas(latin{canvas}, w, h), column); err != nil {
			return nil, err
		}
		_, err := canvas.WriteTo(&b)
		return b.Bytes(), err
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// fallbackFonts names fonts of the same widths for a viewer that has no Liberation; the file does not embed it.
func fallbackFonts(svg []byte) []byte {
	return []byte(strings.ReplaceAll(string(svg), "font-family:Liberation Sans", "font-family:Liberation Sans,Arimo,Arial,Helvetica,sans-serif"))
}

// fixDates takes the date of today out of the PDF files of this process.
var fixDates = sync.OnceFunc(func() {
	epoch := time.Unix(0, 0).UTC()
	fpdf.SetDefaultCreationDate(epoch)
	fpdf.SetDefaultModificationDate(epoch)
	fpdf.SetDefaultCatalogSort(true)
})

// latin is a canvas of PDF, whose embedded fonts are encoded in Windows-1252: text that has other letters is
// drawn with a replacement for those.
type latin struct{ *vgpdf.Canvas }

// FillString draws text.
func (l latin) FillString(f font.Face, at vg.Point, s string) {
	out, err := encoding.ReplaceUnsupported(charmap.Windows1252.NewEncoder()).String(s)
	if err != nil {
		out = s
	}
	if f.Font.Weight == xfont.WeightBold {
		// The back end can embed one font only: a second one is shown with the first one's letters. So bold is
		// the normal face drawn twice.
		normal := f.Font
		normal.Weight = xfont.WeightNormal
		f = font.DefaultCache.Lookup(normal, normal.Size)
		l.Canvas.FillString(f, at.Add(vg.Point{X: f.Font.Size / 40}), out)
	}
	l.Canvas.FillString(f, at, out)
}
