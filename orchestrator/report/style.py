"""How the page looks: one column on a phone, contents beside two columns of plots when wide."""

CSS = """
*, *::before { box-sizing: border-box; }
html { scroll-padding-top: 1rem; --paper: #fff; --shade: #f3f6f9; }
body { margin: 0 auto; max-width: 1440px; padding: 0 1rem 2rem; background: #fff; color: #1f2937;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: #00507d; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible {
  outline: 3px solid #0072b2; outline-offset: 2px; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: #fff;
  z-index: 9; }
.skip:focus { top: .5rem; }
header { margin: 0 -1rem; padding: 1.75rem 1rem 1.5rem; --paper: var(--shade);
  background: var(--paper);
  border-bottom: 1px solid #d5dde5; }
h1 { margin: 0 0 1rem; font-size: 2rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .75rem; font-size: 1.375rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1.05rem; line-height: 1.35; }
section { padding-top: 2.25rem; }
.kicker { margin: 0; color: #00507d; font-weight: 600; letter-spacing: .02em; }
.notice { margin: 0 0 .75rem; padding: .6rem .9rem; border-left: 4px solid #b45309;
  background: #fffbeb; max-width: 60rem; }
.verdict { font-weight: 600; }
.words { max-width: 46rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: .25rem 2rem; margin: 0 0 1rem; }
dl div { display: flex; gap: .75rem; }
dt { flex: 0 0 9.5rem; color: #4b5563; }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
details dt { flex-basis: 14rem; color: #1f2937; }
.tiles-of { margin: 0 0 .4rem; color: #4b5563; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(min(100%, 9.5rem), 1fr)); gap: .75rem;
  margin-bottom: 1.25rem; }
.tiles div { display: block; padding: .7rem .9rem; border: 1px solid #d5dde5; border-radius: 6px; }
.tiles dt { font-size: .875rem; }
.tiles dd { font-size: 1.5rem; font-weight: 600; line-height: 1.3; }
.unit { display: block; color: #4b5563; font-size: .8125rem; font-weight: 400; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 0; padding: 0;
  list-style: none; }
nav { padding-top: 1.25rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
main { min-width: 0; }
.scroll { overflow-x: auto; margin: 0 0 1.25rem; max-width: 100%; width: fit-content;
  background: linear-gradient(to right, var(--paper) 2rem, transparent) 0 0 / 4rem 100% local,
    linear-gradient(to left, var(--paper) 2rem, transparent) 100% 0 / 4rem 100% local,
    linear-gradient(to right, #c3ccd6, transparent) 0 0 / .6rem 100% scroll,
    linear-gradient(to left, #c3ccd6, transparent) 100% 0 / .6rem 100% scroll;
  background-repeat: no-repeat; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9375rem; }
caption { padding-bottom: .35rem; text-align: left; font-weight: 600; }
th, td { padding: .25rem 0 .25rem 1.5rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid #e5e7eb; vertical-align: top; }
thead th { border-bottom: 2px solid #9ca3af; font-weight: 600; vertical-align: bottom; }
th:first-child { padding-left: 0; text-align: left; }
th[scope=row] { font-weight: 400; }
tbody tr:hover > * { background: #eef3f7; }
.sub th[scope=row] { padding-left: 1rem; color: #4b5563; }
.prose td, .prose th { text-align: left; }
.prose td { white-space: normal; max-width: 18rem; overflow-wrap: break-word; }
.compared th, .compared td { padding-left: 1rem; }
.compared th:first-child { padding-left: 0; }
.compared thead th { white-space: normal; overflow-wrap: break-word; max-width: 10.5rem; }
.compared th:last-child, .compared td:last-child { text-align: left; }
.charts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 2rem; }
figure { margin: 0 0 1.25rem; min-width: 0; }
.charts figure { display: grid; grid-row: span 4; grid-template-rows: subgrid;
  grid-template-columns: minmax(0, 1fr); margin: 0; padding-bottom: 2rem; align-items: start; }
figcaption { margin: .15rem 0 .5rem; color: #4b5563; font-size: .875rem; }
.empty { align-self: start; margin-bottom: 1.25rem; padding: .9rem 1rem; background: var(--shade);
  color: #4b5563; font-size: .875rem; }
.empty p { margin: .25rem 0 0; }
details { margin: .25rem 0 1.25rem; min-width: 0; }
figure details { margin: .25rem 0 0; font-size: .875rem; }
figure .scroll { max-height: 22rem; overflow-y: auto; }
summary { cursor: pointer; color: #00507d; width: fit-content; }
summary + * { margin-top: .6rem; }
pre { overflow-x: auto; padding: 1rem; background: var(--shade); font-size: .8125rem; }
ul { padding-left: 1.25rem; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; border-top: 1px solid #d5dde5; color: #4b5563; font-size: .875rem; }
@media (min-width: 1000px) {
  body { padding: 0 2rem 2rem; }
  header { margin: 0 -2rem; padding: 2rem 2rem 1.5rem; }
  .columns { display: grid; grid-template-columns: 10.5rem minmax(0, 1fr); gap: 2.5rem; }
  nav { position: sticky; top: 0; align-self: start; padding-top: 2.25rem; font-size: .9375rem; }
  nav ul { display: block; }
  nav li { padding: .2rem 0; }
  .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 480px) {
  h1 { font-size: 1.625rem; }
  table { font-size: .8125rem; }
  th, td, .compared th, .compared td { padding-left: .8rem; }
  th[scope=row] { position: sticky; left: 0; background: var(--paper); white-space: normal;
    min-width: 7rem; max-width: 9rem; overflow-wrap: anywhere; }
  .sub th[scope=row] { padding-left: .6rem; }
  .prose td { min-width: 7rem; }
  header dl div, details dl div { display: block; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .skip, .modebar, figure details { display: none; }
  header { margin: 0; background: none; }
  .columns, .charts { display: block; }
  .scroll { overflow: visible; }
  figure, tr, .tiles { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""
