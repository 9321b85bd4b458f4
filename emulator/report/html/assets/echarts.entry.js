import { init, use } from 'echarts/core';
import { LineChart, ScatterChart, BarChart, CustomChart } from 'echarts/charts';
import { GridComponent, TooltipComponent, DataZoomComponent, MarkLineComponent, AriaComponent } from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
use([LineChart, ScatterChart, BarChart, CustomChart, GridComponent, TooltipComponent, DataZoomComponent, MarkLineComponent, AriaComponent, SVGRenderer]);
export { init };
