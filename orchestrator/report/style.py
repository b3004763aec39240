"""How the page looks: one column on a phone, two columns of plots on a wide screen."""

CSS = """
*, *::before { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1360px; padding: 1rem; background: #fff; color: #1f2937;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.25rem; }
.kicker { margin: 0; color: #4b5563; }
.notice { margin: 0 0 .75rem; padding: .6rem .9rem; border-left: 4px solid #b45309;
  background: #fffbeb; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: .25rem 2rem; margin: 0; }
dl div { display: flex; gap: .75rem; }
dt { flex: 0 0 8.5rem; color: #4b5563; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.words { max-width: 46rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem 0 .2rem 1.25rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid #e5e7eb; }
th[scope=row] { padding-left: 0; text-align: left; font-weight: 400; }
.sub th[scope=row] { padding-left: 1rem; color: #4b5563; }
.charts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2rem; }
@media (min-width: 960px) { .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
figure { margin: 0; min-width: 0; display: flex; flex-direction: column; }
figure > div { margin-top: auto; }
h3 { margin: 0; font-size: 1.05rem; }
figcaption { margin: 0 0 .5rem; color: #4b5563; font-size: .875rem; }
.empty { padding: 2rem 1rem; background: #f3f4f6; }
details { margin-top: 2.5rem; }
summary { cursor: pointer; }
pre { overflow-x: auto; padding: 1rem; background: #f3f4f6; font-size: .8125rem; }
@media (max-width: 480px) {
  table { font-size: .8125rem; }
  th, td { padding-left: .7rem; }
  dl div { display: block; }
}
"""
