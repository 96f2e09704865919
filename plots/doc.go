// Package plots draws charts from the data of a run directory, with gonum.org/v1/plot.
//
// Invariants:
//
//   - A chart is a function of the run's data and of its Spec: the same input gives the same bytes in every
//     format. There are no dates in the files, and the fonts are the embedded Liberation ones.
//   - Nothing is drawn over the data but the data: the legend stands above the chart, marks of events in
//     lanes above the chart (as faint full-height lines only while there are few), and the labels of
//     reference lines in the right margin, moved apart where their lines are close.
//   - What is drawn is what the chart's pixels can show: a series is reduced to the first, lowest, highest
//     and last value of every pixel column, so a peak of one sample is seen whatever the number of samples.
//   - Colours can be told apart by the colour-blind, and are opaque (the PDF back end darkens others).
//   - The package knows names of sampled data and their units, not the kernel.
package plots
