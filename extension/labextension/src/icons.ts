import { LabIcon } from '@jupyterlab/ui-components';

/** A millstone: what Gristmill looks like in a sidebar and on a tile. */
export const millIcon = new LabIcon({
  name: 'gristmill:mill',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16" fill="none">
  <g class="jp-icon3" fill="#616161">
    <path fill-rule="evenodd" d="M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20zm0 2a8 8 0 1 1 0 16a8 8 0 0 1 0-16z"/>
    <path fill-rule="evenodd" d="M12 9a3 3 0 1 0 0 6a3 3 0 0 0 0-6zm0 1.600a1.400 1.400 0 1 1 0 2.800a1.400 1.400 0 0 1 0-2.800z"/>
    <path d="M11.200 3h1.600v5h-1.600zM11.200 16h1.600v5h-1.600zM3 11.200h5v1.600h-5zM16 11.200h5v1.600h-5z"/>
  </g>
</svg>`
});
